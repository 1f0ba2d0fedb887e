// The tables of a data directory as a witness of what the log held when they read it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "services/audit/verify.h"

namespace geleit {

class Snapshot;
class Store;

class TablesAsWitness {
 public:
  /// Works beside a running service; to be made before the log is opened, which then is at least as far.
  explicit TablesAsWitness(const std::filesystem::path& tables);
  ~TablesAsWitness();

  /// Of this log; null where there are no tables of it, or they cannot be read: `why` then says so.
  [[nodiscard]] const TableWitness* of(const LogInfo& log);
  [[nodiscard]] const std::string& why() const { return why_; }

 private:
  std::unique_ptr<Store> store_;
  std::shared_ptr<const Snapshot> snapshot_;
  TableWitness witness_;
  std::string why_;
};

}  // namespace geleit
