import { Button, NativeSelect } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { $api, newKey, refreshEstate, useEstate, type Schemas } from "@api";
import { Card, Notice, Show, Wrong } from "@ui";
import { faultAt, InstantInput, instantOf, localOf, ObjectPage } from "@ui/staff";
import { FormulaFields } from "./FormulaFields";
import { InstallMeter } from "./InstallMeter";
import { bodyOf, type Part, type Result } from "./virtual";
import { VirtualPreview } from "./VirtualPreview";
import classes from "./Meters.module.css";

type Virtual = Schemas["VirtualMeterOut"];
const STEPS = [15, 30, 60, 1440];
const VIRTUAL = "/api/v1/estates/{estate_id}/virtual-meters";

/** A virtual meter that is made, or with `?replaces=` one that takes another's place: its formula, and what it gives. */
export default function NewVirtualPage(): ReactNode {
  const { path } = useEstate();
  const [search] = useSearchParams();
  const replaces = Number(search.get("replaces") ?? 0);
  const before = $api.useQuery("get", `${VIRTUAL}/{virtual_meter_id}`, { params: { path: { ...path, virtual_meter_id: replaces } } }, { enabled: replaces > 0 });
  // where it is changed it goes on from its last value, so that nothing lies between the two
  const register_id = before.data?.into[0]?.register_id ?? 0;
  const last = $api.useQuery("get", "/api/v1/estates/{estate_id}/readings", { params: { path, query: { register_id, limit: 1 } } }, { enabled: register_id > 0, retry: false });
  if (!(replaces > 0)) return <Form before={null} lastAt={null} />;
  return (
    <Show asked={before} lines={8}>
      {(found) => (last.isPending ? null : <Form key={found.virtual_meter_id} before={found} lastAt={last.data?.items[0]?.taken_at ?? null} />)}
    </Show>
  );
}

function Form({ before, lastAt }: { before: Virtual | null; lastAt: string | null }): ReactNode {
  const { t } = useTranslation("devices");
  const { estate, path, may } = useEstate();
  const navigate = useNavigate();
  const known = new Map((before?.registers ?? []).map((each) => [each.register_id, each]));
  const [key] = useState(newKey);
  const [parts, setParts] = useState<Part[]>(() => [...(before?.of ?? []), ...(before?.less ?? [])].flatMap((id) => (known.has(id) ? [{ register: known.get(id)!, isLess: before!.less.includes(id) }] : [])));
  const [results, setResults] = useState<Result[]>(() => (before?.into ?? []).flatMap(({ register_id, share }) => (known.has(register_id) ? [{ register: known.get(register_id)!, share }] : [])));
  const [step, setStep] = useState(`${before?.step_minutes ?? (before === null ? 60 : "")}`);
  const [from, setFrom] = useState(() => localOf(before !== null && lastAt !== null && lastAt > before.from_at ? lastAt : wholeHour(), estate.time_zone));
  const body = bodyOf({ parts, results, stepMinutes: step === "" ? null : Number(step), fromAt: instantOf(from, estate.time_zone), replaces: before?.virtual_meter_id ?? null });
  const preview = $api.useMutation("post", `${VIRTUAL}/preview`);
  const make = $api.useMutation("post", VIRTUAL, {
    onSuccess: () => {
      refreshEstate(path.estate_id);
      void navigate(`/estates/${estate.estate_id}/virtual-meters`);
    },
  });
  // what is kept is what was seen: a change of the formula asks for another look
  const isSeen = preview.isSuccess && JSON.stringify(preview.variables.body) === JSON.stringify(body);
  const error = make.error ?? preview.error;
  const wrong = { of: faultAt(error, "body.of") ?? faultAt(error, "body.less"), into: faultAt(error, "body.into"), from: faultAt(error, "body.from_at") };
  const steps = [...new Set([...STEPS, ...(before?.step_minutes == null ? [] : [before.step_minutes])])].sort((one, other) => one - other);
  return (
    <ObjectPage title={t(before === null ? "newVirtual" : "changeVirtual")} back={{ to: `/estates/${estate.estate_id}/virtual-meters`, word: t("virtual") }} actions={<InstallMeter isPlain />}>
      <form
        className={classes.two}
        onSubmit={(event) => {
          event.preventDefault();
          if (body !== null && isSeen) make.mutate({ params: { path, header: { "Idempotency-Key": key } }, body });
        }}
      >
        <Card title={t("formula")}>
          <div className={classes.form}>
            <FormulaFields parts={parts} results={results} onParts={setParts} onResults={setResults} wrongParts={wrong.of} wrongResults={wrong.into} />
            <NativeSelect
              label={t("step")}
              description={t("stepHint")}
              value={step}
              onChange={(event) => setStep(event.currentTarget.value)}
              data={[...steps.map((each) => ({ value: `${each}`, label: each === 1440 ? t("everyDay") : t("everyMinutes", { count: each }) })), { value: "", label: t("whereAllAreRead") }]}
            />
            <InstantInput label={t("fromWhen")} hint={t(before === null ? "fromHint" : "changeHint")} value={from} onChange={setFrom} error={wrong.from} isRequired />
          </div>
        </Card>
        <Card title={t("whatItGives")}>
          <div className={classes.form}>
            <p className="quiet small">{t("whatItGivesHint")}</p>
            {isSeen ? <VirtualPreview preview={preview.data} registers={results.map((each) => each.register)} /> : null}
            {wrong.of !== null || wrong.into !== null || wrong.from !== null ? null : <Wrong error={error} />}
            <div className={classes.buttons}>
              <Button variant={isSeen ? "default" : "filled"} disabled={body === null || !may("meters.write")} loading={preview.isPending} onClick={() => body !== null && preview.mutate({ params: { path }, body })}>
                {t("preview")}
              </Button>
              <Button type="submit" disabled={!isSeen || !may("meters.write")} loading={make.isPending}>
                {t(before === null ? "makeVirtual" : "saveVirtual")}
              </Button>
            </div>
            {may("meters.write") ? <p className="quiet small">{t(body === null ? "formulaLacks" : isSeen ? "madeIsCharged" : "previewFirst")}</p> : <Notice>{t("mayNot")}</Notice>}
          </div>
        </Card>
      </form>
    </ObjectPage>
  );
}

function wholeHour(): number {
  const hour = 3_600_000;
  return Math.floor(Date.now() / hour) * hour;
}
