import type { ReactNode } from "react";
import { Card, Page } from "../Page";
import { Show, type Asked } from "../states";

interface UntilProps<T> {
  title: string;
  asked: Asked<T>;
  lines?: number;
  children: (data: T) => ReactNode;
}

/** A page whose head waits for what it is about: until it is there, its `title` and that it is on its way, or why not. */
export function Until<T>({ title, asked, lines = 6, children }: UntilProps<T>): ReactNode {
  if (asked.data !== undefined) return children(asked.data);
  return (
    <Page title={title}>
      <Card>
        <Show asked={asked} lines={lines}>
          {() => null}
        </Show>
      </Card>
    </Page>
  );
}
