import estates from "./estates.json";
import frame from "./frame.json";
import parts from "./parts.json";
import rates from "./rates.json";

/** English texts of staff's pages: the source of every other language's. */
export default { estates, frame, parts, rates };
