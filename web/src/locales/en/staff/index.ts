import access from "./access.json";
import audit from "./audit.json";
import devices from "./devices.json";
import estates from "./estates.json";
import frame from "./frame.json";
import judging from "./judging.json";
import ledger from "./ledger.json";
import parts from "./parts.json";
import proofs from "./proofs.json";
import rates from "./rates.json";
import settings from "./settings.json";
import supplies from "./supplies.json";

/** English texts of staff's pages: the source of every other language's. */
export default { access, audit, devices, estates, frame, judging, ledger, parts, proofs, rates, settings, supplies };
