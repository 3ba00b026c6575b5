import type { AnyMeeting, ParleyError, User } from "@parley/sdk";
import { Lock } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { Form } from "react-aria-components";
import { Link } from "react-router";
import { pathWithoutSecret } from "../../meetings/meeting-link.js";
import { StatusLabel } from "../../meetings/StatusLabel.js";
import { problemText, useMessages } from "../../messages/catalogue.js";
import { PageFrame } from "../../pages/PageFrame.js";
import { Button } from "../../ui/Button.js";
import { Field } from "../../ui/Field.js";
import { Notice } from "../../ui/Notice.js";
import { rememberChoices, rememberedChoices } from "../device-choices.js";
import { DeviceCheck, isStarting } from "./device-check.js";
import { DevicePickers } from "./DevicePickers.js";
import { DeviceProblems } from "./DeviceProblems.js";
import styles from "./Prejoin.module.css";
import { Preview } from "./Preview.js";

export interface JoinRequest {
  /** Null: the account's own name. */
  readonly displayName: string | null;
  /** Null: none is asked for. */
  readonly passcode: string | null;
  readonly microphone: MediaStreamTrack | null;
  readonly camera: MediaStreamTrack | null;
  readonly devices: readonly { readonly kind: "audioinput" | "videoinput" | "audiooutput"; readonly id: string }[];
}

interface PrejoinProps {
  readonly user: User | null;
  readonly meeting: AnyMeeting;
  /** With what the meeting is encrypted from end to end; null if it is not. */
  readonly secret: string | null;
  readonly refusal: ParleyError | null;
  readonly onJoin: (request: JoinRequest) => Promise<void>;
}

/** Codes that the field for the passcode answers. */
const PASSCODE_REFUSALS: ReadonlySet<string> = new Set(["passcode_required", "passcode_wrong"]);

/** Joining waits so long for devices that are starting: a browser may be asking for permission, milliseconds. */
const DEVICES_MS = 10_000;

/** How one will be seen and heard, before anyone does. */
export function Prejoin({ user, meeting, secret, refusal, onJoin }: PrejoinProps) {
  const messages = useMessages();
  const [check] = useState(() => new DeviceCheck());
  const devices = useSyncExternalStore(
    (listener) => check.subscribe(listener),
    () => check.state,
  );
  const [name, setName] = useState(() => user?.displayName ?? rememberedChoices().name);
  const [isNameMissing, setNameMissing] = useState(false);
  const [passcode, setPasscode] = useState("");
  const [isPasscodeMissing, setPasscodeMissing] = useState(false);
  const [isJoining, setJoining] = useState(false);

  useEffect(() => {
    check.start();
    return () => {
      check.stop();
    };
  }, [check]);

  const isPasscodeRefused = refusal !== null && PASSCODE_REFUSALS.has(refusal.code);
  const needsPasscode = isPasscodeRefused || ("passcodeRequired" in meeting && meeting.passcodeRequired);

  const join = async () => {
    const displayName = name.trim();
    const isIncomplete = needsPasscode && passcode.trim() === "";
    setNameMissing(displayName === "");
    setPasscodeMissing(isIncomplete);
    if (displayName === "" || isIncomplete) return;
    if (user === null) rememberChoices({ name: displayName });
    setJoining(true);
    const ready = isStarting(check.state) ? await check.settled(DEVICES_MS) : check.state;
    // Copies: the preview goes on while we join, and is still there if that fails.
    await onJoin({
      displayName: displayName === user?.displayName ? null : displayName,
      passcode: needsPasscode ? passcode.trim() : null,
      microphone: ready.microphone.track?.clone() ?? null,
      camera: ready.camera.track?.clone() ?? null,
      devices: [
        { kind: "audioinput", id: ready.microphoneId },
        { kind: "videoinput", id: ready.cameraId },
        { kind: "audiooutput", id: ready.speakerId },
      ],
    });
    setJoining(false);
  };

  const isHost = "hostId" in meeting && meeting.hostId === user?.id;
  const nameError = isNameMissing ? messages.prejoin.nameMissing : refusal?.fields.display_name;
  const isWrong = refusal?.code === "passcode_wrong" && passcode !== "";
  const passcodeError = isPasscodeMissing || isWrong ? messages.prejoin[isPasscodeMissing ? "passcodeMissing" : "passcodeWrong"] : undefined;
  return (
    <PageFrame>
      <div className={styles.page}>
        <div className={styles.devices}>
          <Preview check={check} state={devices} name={name} identity={user?.id ?? "guest"} />
          <DevicePickers check={check} state={devices} />
        </div>
        <section className={styles.side}>
          <p>
            <StatusLabel status={meeting.status}>
              {meeting.status === "live" ? messages.prejoin.liveNow : messages.prejoin.notStarted}
            </StatusLabel>
          </p>
          <h1 className={styles.title}>{meeting.title}</h1>
          {secret !== null && (
            <p className={styles.encrypted}>
              <Lock aria-hidden />
              {messages.encryption.prejoin}
            </p>
          )}
          {isHost && <p className={styles.host}>{messages.prejoin.youHost}</p>}
          {!isHost && "hostName" in meeting && (
            <p className={styles.host}>{messages.prejoin.hostedBy(meeting.hostName)}</p>
          )}
          <Form
            className={styles.form}
            onSubmit={(event) => {
              event.preventDefault();
              void join();
            }}
          >
            <Field
              label={messages.prejoin.nameLabel}
              placeholder={messages.prejoin.namePlaceholder}
              autoComplete="name"
              maxLength={64}
              value={name}
              onChange={(value) => {
                setName(value);
                setNameMissing(false);
              }}
              error={nameError}
            />
            {needsPasscode && (
              <Field
                label={messages.prejoin.passcodeLabel}
                hint={messages.prejoin.passcodeHint}
                autoComplete="off"
                spellCheck="false"
                maxLength={32}
                value={passcode}
                onChange={(value) => {
                  setPasscode(value);
                  setPasscodeMissing(false);
                }}
                error={passcodeError}
              />
            )}
            {refusal !== null && nameError === undefined && !isPasscodeRefused && (
              <Notice tone="error" title={messages.prejoin.joinFailed}>
                {problemText(messages, refusal)}
              </Notice>
            )}
            <Button type="submit" variant="primary" size="large" fullWidth isPending={isJoining}>
              {isJoining ? messages.prejoin.joining : messages.prejoin.joinNow}
            </Button>
          </Form>
          <p className={styles.account}>
            {user === null ? (
              <Link to={`/sign-in?next=${encodeURIComponent(pathWithoutSecret(meeting.id))}`}>
                {messages.prejoin.signInInstead}
              </Link>
            ) : (
              messages.prejoin.signedInAs(user.email)
            )}
          </p>
          <DeviceProblems check={check} state={devices} />
        </section>
      </div>
    </PageFrame>
  );
}
