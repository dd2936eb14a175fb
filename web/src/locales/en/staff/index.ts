import devices from "./devices.json";
import estates from "./estates.json";
import frame from "./frame.json";
import judging from "./judging.json";
import parts from "./parts.json";
import supplies from "./supplies.json";

/** English texts of staff's pages: the source of every other language's. */
export default { devices, estates, frame, judging, parts, supplies };
