/** What staff's pages are made of, apart from `@ui`, so that residents never fetch it. */
export { Confirm } from "./Confirm";
export { DataTable, type Column } from "./DataTable";
export { Fact, Facts } from "./Facts";
export { Filters, useFilters, type FilterField, type Filtering } from "./Filters";
export { ObjectPage } from "./ObjectPage";
export { Sections } from "./Sections";
export { givenList, wholeList } from "./wholeList";
export { saveFile, useFile } from "./saveFile";
export { Until } from "./Until";
export { SearchPick, type Found } from "./SearchPick";
export { InstantInput } from "./InstantInput";
export { instantOf, localOf, startOf } from "./instants";
export { faultAt, unplaced } from "./faults";
export { useTagged } from "./tagged";
export { segmentOn, timelines, type Segment } from "./inForce";
