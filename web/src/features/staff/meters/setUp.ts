import { api, type Schemas } from "@api";

type Device = Schemas["DeviceWithState"];
type Terms = Schemas["DeviceIn"];
const ONE = "/api/v1/estates/{estate_id}/devices/{device_id}";

/** What somebody else changed meanwhile is not written over. */
export class ChangedMeanwhile extends Error {}

/** How a device is set up, with some of it changed. */
export function termsOf(device: Device, changed: Partial<Terms>): Terms {
  const { model, settings, fields, codec_id, notes } = device;
  return { model, settings, fields, codec_id, notes, ...changed };
}

/**
 * Set a device up anew, if it is still set up as it was shown.
 *
 * Its answer changes with each message that comes, and its tag with it; so it is read just before.
 */
export async function setUp(path: { estate_id: number; device_id: number }, shown: Device, changed: Partial<Terms>): Promise<void> {
  const now = await api.GET(ONE, { params: { path } });
  if (now.data === undefined) throw now.error;
  if (now.data.updated_at !== shown.updated_at) throw new ChangedMeanwhile();
  const tag = now.response.headers.get("etag");
  const done = await api.PUT(ONE, { params: { path, ...(tag === null ? {} : { header: { "If-Match": tag } }) }, body: termsOf(shown, changed) });
  if (done.data === undefined) throw done.error;
}
