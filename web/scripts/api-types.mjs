// Writes src/api/schema.d.ts: the types of the API, from the schema that CI holds the API to.
import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const here = new URL(".", import.meta.url);
const contract = JSON.parse(readFileSync(new URL("../../tests/contract/openapi.json", here), "utf8"));
const whole = { openapi: "3.1.0", info: { title: "Mita", version: "1" }, ...contract };
writeFileSync(new URL("../src/api/schema.d.ts", here), astToString(await openapiTS(whole, { silent: true })));
