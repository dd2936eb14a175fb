/** Where the app lives on its server, without the slash at the end. */
export const BASE_PATH = import.meta.env.BASE_URL.replace(/\/$/, "");
