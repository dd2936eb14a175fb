import estates from "./estates.json";
import frame from "./frame.json";
import imports from "./imports.json";
import parts from "./parts.json";
import people from "./people.json";
import tenancies from "./tenancies.json";
import units from "./units.json";

/** English texts of staff's pages: the source of every other language's. */
export default { estates, frame, imports, parts, people, tenancies, units };
