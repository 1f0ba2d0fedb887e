// The program with faults on demand: while the file that GELEIT_BREAK names is there, the fold fails on a
// care team led by fold.breaker, and the read model of tasks on a case that table.breaker leads. Linked
// around the product's fold and read model (CMakeLists.txt); main is the product's own. On a log on Kafka its
// clock may be set, so that what is tried on a day of its own can be tried there, too.
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <variant>

#include "projections/evolve.h"
#include "projections/read_models.h"
#include "services/open_parts.h"

namespace geleit {
namespace {

bool broken() {
  const char* file = std::getenv("GELEIT_BREAK");
  std::error_code ignored;
  return file != nullptr && std::filesystem::exists(file, ignored);
}

}  // namespace
}  // namespace geleit

// The linker sends every call of geleit::evolve and geleit::derive_tasks here; the real ones are under the
// other names.
extern "C" {
void __real__ZN6geleit6evolveERNS_4CaseERKNS_5EventERKNS_4HashE(geleit::Case&, const geleit::Event&,
                                                                const geleit::Hash&);
void __wrap__ZN6geleit6evolveERNS_4CaseERKNS_5EventERKNS_4HashE(geleit::Case& c, const geleit::Event& event,
                                                                const geleit::Hash& hash) {
  const auto* team = std::get_if<geleit::CareTeamAssigned>(&event.payload);
  if (team != nullptr && team->lead == "fold.breaker" && geleit::broken()) {
    throw geleit::FoldFailed("this lead breaks the fold");
  }
  __real__ZN6geleit6evolveERNS_4CaseERKNS_5EventERKNS_4HashE(c, event, hash);
}

void __real__ZN6geleit12derive_tasksERKNS_7SubjectERNS_7DerivedE(const geleit::Subject&, geleit::Derived&);
void __wrap__ZN6geleit12derive_tasksERKNS_7SubjectERNS_7DerivedE(const geleit::Subject& subject,
                                                                 geleit::Derived& out) {
  if (subject.c.lead == "table.breaker" && geleit::broken())
    throw std::runtime_error("the tasks of this lead are broken");
  __real__ZN6geleit12derive_tasksERKNS_7SubjectERNS_7DerivedE(subject, out);
}

bool __wrap__ZN6geleit16clock_may_be_setERKNS_13DataDirectoryE(const geleit::DataDirectory&) { return true; }
}
