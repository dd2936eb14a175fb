import estates from "./estates.json";
import frame from "./frame.json";
import parts from "./parts.json";
import people from "./people.json";
import units from "./units.json";

/** English texts of staff's pages: the source of every other language's. */
export default { estates, frame, parts, people, units };
