export default function Later(): null { return null; }
