import access from "./access.json";
import audit from "./audit.json";
import devices from "./devices.json";
import estates from "./estates.json";
import frame from "./frame.json";
import imports from "./imports.json";
import judging from "./judging.json";
import ledger from "./ledger.json";
import parts from "./parts.json";
import people from "./people.json";
import proofs from "./proofs.json";
import rates from "./rates.json";
import settings from "./settings.json";
import supplies from "./supplies.json";
import tenancies from "./tenancies.json";
import units from "./units.json";

/** English texts of staff's pages: the source of every other language's. */
export default { access, audit, devices, estates, frame, imports, judging, ledger, parts, people, proofs, rates, settings, supplies, tenancies, units };
