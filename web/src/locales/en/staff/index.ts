import access from "./access.json";
import estates from "./estates.json";
import frame from "./frame.json";
import parts from "./parts.json";
import rates from "./rates.json";
import settings from "./settings.json";

/** English texts of staff's pages: the source of every other language's. */
export default { access, estates, frame, parts, rates, settings };
