// all texts of the language in one file: one request, and only where it is spoken
export default import.meta.glob<object>("./*.json", { eager: true, import: "default" });
