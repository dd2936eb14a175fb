import audit from "./audit.json";
import estates from "./estates.json";
import frame from "./frame.json";
import ledger from "./ledger.json";
import parts from "./parts.json";
import proofs from "./proofs.json";

/** English texts of staff's pages: the source of every other language's. */
export default { audit, estates, frame, ledger, parts, proofs };
