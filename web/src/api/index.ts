export { $api, api, newKey, type Money, type Quantity, type Schemas } from "./client";
export { useHistory, useSpending, useSupplies, type History, type Span, type Step } from "./consumption";
export { useHome, useHomes, type Estate, type Home } from "./homes";
export { refreshEstate, useLiveState, useLiveStream } from "./live";
export { usePlace, usePlaces, PlaceProvider, type Place } from "./place";
export { askPasskey, canUsePasskeys, makePasskey } from "./passkeys";
export { problemOf, type Problem } from "./problem";
export { persistence, queries } from "./queries";
export { forgetSession, refresh, signOut, takeTokens, useSession, wasSignedIn, type SessionState } from "./session";
