// Checks a webhook with the library of Standard Webhooks, as whoever receives one does. Reads
// {"headers", "body", "secret", "now"} from standard input; prints what the library returns. Exit status 1 and
// its complaint on standard error: it does not hold.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const given = JSON.parse(readFileSync(0, "utf8"));
// A service under test has a clock of its own; the library asks this one how old a webhook is.
if (given.now !== undefined) Date.now = () => given.now * 1000;
try {
  const payload = new Webhook(given.secret).verify(given.body, given.headers);
  process.stdout.write(JSON.stringify(payload));
} catch (error) {
  process.stderr.write(`${error.name}: ${error.message}\n`);
  process.exitCode = 1;
}
