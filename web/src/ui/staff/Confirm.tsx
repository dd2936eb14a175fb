import { Button, Modal, type ButtonProps } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Wrong } from "../states";
import classes from "./Confirm.module.css";

// the head of a dialog is an element that would be taken for one more head of the page
const NO_BANNER = { header: { role: "presentation" } };

interface ConfirmProps {
  /** On the button that asks. */
  label: string;
  icon?: ReactNode;
  variant?: ButtonProps["variant"];
  /** The question. */
  title: string;
  /** What will happen, and whether it can be taken back. */
  consequence: ReactNode;
  /** On the button that does it; the same word as the question's. */
  action: string;
  /** It takes something away. */
  isDangerous?: boolean;
  /** Why it cannot be done now: the button says so below. */
  whyNot?: string | undefined;
  /** What the form in it still lacks. */
  isReady?: boolean;
  isPending: boolean;
  error: unknown;
  /** Do it; call `close` when it is done. */
  onConfirm: (close: () => void) => void;
  /** Begin anew: forget what went wrong the last time, take a new idempotency key. */
  onOpen?: () => void;
  /** What is to be told with it. */
  children?: ReactNode;
}

/** An action behind one more question, which says what will happen. */
export function Confirm(props: ConfirmProps): ReactNode {
  const { label, icon, variant = "default", title, consequence, action, isDangerous = false, whyNot, isReady = true } = props;
  const { isPending, error, onConfirm, onOpen, children } = props;
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  const close = (): void => setIsOpen(false);
  const open = (): void => {
    onOpen?.();
    setIsOpen(true);
  };
  return (
    <>
      <div className={classes.ask}>
        <Button variant={variant} leftSection={icon} color={isDangerous && variant !== "default" ? "clay" : undefined} disabled={whyNot !== undefined} onClick={open}>
          {label}
        </Button>
        {whyNot === undefined ? null : <span className={classes.why}>{whyNot}</span>}
      </div>
      <Modal opened={isOpen} onClose={close} title={title} lockScroll={false} centered attributes={NO_BANNER} closeButtonProps={{ "aria-label": t("cancel"), size: 44 }}>
        <form
          className={classes.form}
          onSubmit={(event) => {
            event.preventDefault();
            event.stopPropagation();
            onConfirm(close);
          }}
        >
          <div className={classes.consequence}>{consequence}</div>
          {children}
          <Wrong error={error} />
          <div className={classes.buttons}>
            <Button variant="default" onClick={close} disabled={isPending}>
              {t("cancel")}
            </Button>
            <Button type="submit" color={isDangerous ? "clay" : undefined} loading={isPending} disabled={!isReady}>
              {action}
            </Button>
          </div>
        </form>
      </Modal>
    </>
  );
}
