#include "projections/rules/workflow.h"

#include <algorithm>

#include "projections/rules/toml_fields.h"
#include "schema/embedded.h"

namespace geleit {

std::span<const EmbeddedFile> shipped_workflow_files();

namespace {

constexpr std::string_view document = "workflow";
constexpr std::size_t entries_max = 256;  ///< a row names the entry with one octet

/// `{ anchor = "referral", days = 3 }` or `{ anchor = "complete_due", days_before = 14 }`.
StepDay read_day(const toml::node& node, const std::string& where, bool may_be_since) {
  const toml::table* table = node.as_table();
  if (!table) refuse_document(document, where, "expected a table with anchor and days, but it is not");
  TomlFields fields(document, *table, where);
  StepDay day;
  day.anchor = fields.choice<StepAnchor>("anchor");
  if (day.anchor == StepAnchor::since && !may_be_since) fields.refuse("anchor", "another anchor than since");
  day.before = table->contains("days_before");
  day.days = fields.number(day.before ? "days_before" : "days");
  fields.refuse_unknown();
  return day;
}

std::vector<StepDay> read_days(const toml::table& table, std::string_view name, const std::string& where,
                               bool may_be_since) {
  const std::string place = where + "." + std::string(name);
  const toml::array* days = table[name].as_array();
  if (!days || days->empty())
    refuse_document(
        document, place,
        fmt::format("expected a list of days, but it is {}", table.contains(name) ? "not" : "missing"));
  std::vector<StepDay> out;
  for (const toml::node& node : *days) out.push_back(read_day(node, place, may_be_since));
  return out;
}

bool has_minutes(StepWhen when) {
  return when == StepWhen::units_running_out || when == StepWhen::extension_possible;
}

WorkflowStep read_step(const toml::table& table, std::size_t number) {
  const auto id = table["id"].value<std::string>();
  if (!id) refuse_document(document, fmt::format("entry {}", number), "expected an id, but it is missing");
  if (!is_step(*id)) refuse_document(document, *id, "expected the id of a known step, but it is not");
  TomlFields fields(document, table, *id);
  WorkflowStep step;
  step.task = *parse_word<Task>(fields.text("id"));
  step.benefits = fields.choices<Benefit>("benefits");
  step.when = fields.choice<StepWhen>("when");
  if (has_minutes(step.when)) step.minutes = fields.number("minutes");
  if (step.when == StepWhen::extension_possible) step.units = fields.number("units");
  step.role = fields.choice<Role>("role");
  if (table.contains("rule")) step.rule = fields.choice<Rule>("rule");
  for (const char* list : {"since", "until", "due"}) fields.allow(list);
  step.since = read_days(table, "since", *id, false);
  if (const toml::node* until = table.get("until")) step.until = read_day(*until, *id + ".until", true);
  step.due = read_days(table, "due", *id, true);
  if (table.contains("required")) step.required = fields.yes_or_no("required");
  step.title_de = fields.text("title_de");
  step.title_en = fields.text("title_en");
  fields.refuse_unknown();
  return step;
}

/// Of an open case of the benefit always one of these holds: with a step for each that nobody can do without
/// and that stands as long as its condition does, no such case is left without one.
std::vector<StepWhen> always_one_of(Benefit benefit) {
  std::vector<StepWhen> all{StepWhen::first_visit_unplanned, StepWhen::first_visit_planned,
                            StepWhen::care_running};
  if (benefit == Benefit::smn) all.push_back(StepWhen::no_discharge);
  return all;
}

}  // namespace

bool WorkflowStep::is_of(Benefit benefit) const {
  return std::find(benefits.begin(), benefits.end(), benefit) != benefits.end();
}

std::shared_ptr<const Workflow> Workflow::parse(std::string_view content) {
  const toml::table table = read_toml(document, content);
  TomlFields fields(document, table, "document");
  auto workflow = std::make_shared<Workflow>();
  workflow->name_ = fields.text("name");
  workflow->from_ = fields.date("from");
  fields.allow("step");
  fields.refuse_unknown();
  const toml::array* steps = table["step"].as_array();
  if (!steps || steps->empty()) fields.refuse("step", "a list of steps");
  if (steps->size() > entries_max) fields.refuse("step", fmt::format("at most {} steps", entries_max));
  for (const toml::node& node : *steps) {
    if (!node.as_table()) fields.refuse("step", "a list of steps");
    workflow->steps_.push_back(read_step(*node.as_table(), workflow->steps_.size() + 1));
  }
  for (const Benefit benefit : {Benefit::smn, Benefit::st}) {
    const auto required = [&](StepWhen when) {
      return std::any_of(workflow->steps_.begin(), workflow->steps_.end(), [&](const WorkflowStep& step) {
        return step.when == when && step.required && step.is_of(benefit) && !step.until;
      });
    };
    for (const StepWhen when : always_one_of(benefit)) {
      if (!required(when))
        refuse_document(
            document, word(benefit),
            fmt::format("expected a required step without until when {}, but there is none", word(when)));
    }
  }
  return workflow;
}

bool Workflow::has(Task task, std::optional<Benefit> benefit) const {
  return std::any_of(steps_.begin(), steps_.end(), [&](const WorkflowStep& step) {
    return step.task == task && (!benefit || step.is_of(*benefit));
  });
}

bool Workflow::requires_step(Task task, std::optional<Benefit> benefit) const {
  return std::any_of(steps_.begin(), steps_.end(), [&](const WorkflowStep& step) {
    return step.task == task && step.required && (!benefit || step.is_of(*benefit));
  });
}

const std::vector<std::shared_ptr<const Workflow>>& shipped_workflows() {
  static const std::vector<std::shared_ptr<const Workflow>> all = [] {
    std::vector<std::shared_ptr<const Workflow>> read;
    for (const EmbeddedFile& file : shipped_workflow_files()) read.push_back(Workflow::parse(file.bytes));
    std::sort(read.begin(), read.end(), [](const auto& a, const auto& b) { return a->from() < b->from(); });
    return read;
  }();
  return all;
}

const Workflow& shipped_workflow_on(CivilDate day) {
  const auto& all = shipped_workflows();
  const Workflow* found = all.front().get();
  for (const auto& workflow : all) {
    if (workflow->from() <= day) found = workflow.get();
  }
  return *found;
}

}  // namespace geleit
