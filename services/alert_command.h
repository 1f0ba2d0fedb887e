// `geleit alert list|ack|snooze|resend`: what people owe an answer to, and their answer.
#pragma once

#include "services/command_line.h"

namespace geleit {

void add_alert(CommandLine& line);

}  // namespace geleit
