// One process of a world: everything that is gone when it is killed. Known to world*.cc only.
#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/world.h"

namespace geleit::simulation {

struct World::Process {
  std::size_t number = 0;
  std::filesystem::path tables;
  std::unique_ptr<LogOfProcess> log;
  std::unique_ptr<RuleBook> rules;
  std::unique_ptr<SeededChance> chance;
  std::unique_ptr<StoreOfProcess> store;
  std::unique_ptr<Projector> projector;
  std::unique_ptr<Intake> intake;
  std::vector<std::size_t> open;
  std::uint64_t comes_back = 0;
  bool stumbles = false;     ///< a reading was or will be made to fail
  bool tables_fail = false;  ///< a write of the tables was or will be
  /// A list of all cases that somebody pages through while it changes.
  std::string cursor;
  std::set<Uuid> listed, must_list;
  [[nodiscard]] bool lives() const { return intake != nullptr; }
};

}  // namespace geleit::simulation
