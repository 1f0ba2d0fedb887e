// `geleit audit show` and `geleit audit diff`: the story of a case, from the log alone, without a service or
// beside one.
#pragma once

#include "services/command_line.h"

namespace geleit {

/// `geleit audit show CASE [--until INSTANT|DATE] [--at VERSION] [--clock INSTANT] [--json|--html] [--out
/// FILE]
/// [--sealed]` and where the log lies.
///
/// Every record of the case with what it says, who, when and why, and what it changed of state, deadlines,
/// balance, tasks, approvals and alerts. Personal data is opened where the keys can be read. Exit status 1
/// when there is no such case or version, 3 when there is no log.
void add_audit_show(CommandLine& line, CLI::App& group);

/// `geleit audit diff CASE V1 V2 [--clock INSTANT] [--json]`: what differs between two versions; each is seen
/// on the Berlin day on which it was recorded, or both on that of the clock. Exit status 0 when nothing does,
/// 1 when something does or there is no such case or version.
void add_audit_diff(CommandLine& line, CLI::App& group);

}  // namespace geleit
