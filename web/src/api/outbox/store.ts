import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { Item } from "./items";

interface Kept extends DBSchema {
  items: { key: string; value: Item; indexes: { made_at: string } };
}

let opened: Promise<IDBPDatabase<Kept>> | null = null;

function database(): Promise<IDBPDatabase<Kept>> {
  opened ??= openDB<Kept>("mita-outbox", 1, {
    upgrade(made) {
      made.createObjectStore("items", { keyPath: "id" }).createIndex("made_at", "made_at");
    },
    // a newer app in another tab changes the store: let it
    blocking() {
      void opened?.then((each) => each.close());
      opened = null;
    },
    terminated() {
      opened = null;
    },
  }).catch((error: unknown) => {
    opened = null;
    throw error;
  });
  return opened;
}

/** A person's items, oldest first. */
export async function itemsOf(personId: number): Promise<Item[]> {
  const all = await (await database()).getAllFromIndex("items", "made_at");
  return all.filter((each) => each.person_id === personId);
}

export async function put(item: Item): Promise<void> {
  await (await database()).put("items", item);
}

/** Write an item that is still there; one that was deleted meanwhile stays so. */
export async function change(item: Item): Promise<void> {
  const writing = (await database()).transaction("items", "readwrite");
  if ((await writing.store.getKey(item.id)) !== undefined) await writing.store.put(item);
  await writing.done;
}

export async function remove(id: string): Promise<void> {
  await (await database()).delete("items", id);
}
