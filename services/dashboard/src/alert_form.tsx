// An alert's answer, wherever the alert is shown.
import type { AlertRow, Case } from "./api";
import { forms } from "./commands";
import { useRead } from "./data";
import { CaseForm } from "./form";
import { Dialog } from "./parts";
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
  const read = useRead<Case>(`cases/${alert.case}`, {}, []);
  return (
    <Dialog title={say(forms[command].label)} onClose={onClose}>
      <CaseForm command={command} read={read} given={{ alert: alert.alert }} onClose={onClose} />
    </Dialog>
  );
}
