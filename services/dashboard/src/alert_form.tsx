// An alert's answer, wherever the alert is shown.
import type { AlertRow, Case } from "./api";
import { forms } from "./commands";
import { useRead } from "./data";
import { CommandForm } from "./form";
import { Dialog, Loading, Trouble } from "./parts";
import { say } from "./words";

export function AlertForm({
  command,
  alert,
  onClose,
}: {
  command: "AcknowledgeAlert" | "SnoozeAlert";
  alert: AlertRow;
  onClose: () => void;
}) {
  const { data, problem, reload } = useRead<Case>(`cases/${alert.case}`, {}, []);
  return (
    <Dialog title={say(forms[command].label)} onClose={onClose}>
      {problem && <Trouble problem={problem} retry={reload} />}
      {!data && !problem && <Loading />}
      {data && (
        <CommandForm
          command={command}
          of={data}
          given={{ alert: alert.alert }}
          onDone={onClose}
          onClose={onClose}
        />
      )}
    </Dialog>
  );
}
