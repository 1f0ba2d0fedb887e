// What `geleit serve` runs, all roles in one process or some of them, put together here and nowhere else.
// Every process has tables of its own, of all partitions; log and keys lie in the data directory, too, or on
// Kafka (data_directory.h).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "events/kafka_group.h"
#include "events/log.h"
#include "events/rocks_memory.h"
#include "projections/projector.h"
#include "projections/rule_book.h"
#include "projections/store.h"
#include "services/alert/desk.h"
#include "services/alert/transfer.h"
#include "services/audit/head_signer.h"
#include "services/clock.h"
#include "services/data_directory.h"
#include "services/http/metrics.h"
#include "services/intake/intake.h"
#include "services/key_store.h"
#include "services/log_ends.h"
#include "services/roles.h"
#include "services/serial_worker.h"
#include "services/watch/watch.h"

namespace geleit {

/// The service was asked to end before it was ready.
struct StartStopped : std::runtime_error {
  StartStopped() : std::runtime_error("asked to end while the tables were made ready") {}
};

class Service {
 public:
  /// Opens (or makes) the log, the keys and the tables. Damaged tables are set aside and will be made anew
  /// from the log; a log or keys that are damaged, or missing beside the other, are never begun anew. Throws
  /// LogRefused, LogCorrupt, LogUnavailable, KeyStoreFailed, StoreFailed and what derives from them. `env`:
  /// what the files are written through; null: the machine's own.
  Service(DataDirectory data, const ClockChoice& clock, rocksdb::Env* env = nullptr, const Roles& roles = {});
  ~Service();

  /// Hears of every case that stands still: when the tables are ready, then whenever one is parked, in the
  /// projector's thread. Set before `start`.
  void on_parked(std::function<void(const Parked&)> parked) { parked_ = std::move(parked); }
  /// Hears which rows change, from when the tables are ready. Set before `start`; outlives this.
  void tell_rows(RowListener& listener) { row_listener_ = &listener; }
  /// How watch and alert reach an intake where this process is none. Set before `start`.
  void reach_intake_by(std::unique_ptr<CommandPort> port) { port_ = std::move(port); }
  /// What watch and alert count into, from the first on. Set before `start`; outlives this.
  void measure(http::Metrics& metrics) { metrics_ = &metrics; }
  /// Through which channels people are told. Set before `start`; throws ConfigRefused where one cannot be
  /// opened.
  void tell_through(const std::vector<ChannelConfig>& channels);
  /// When heads are signed and where they go; without it as AuditConfig says. Set before `start`.
  void sign_heads(const AuditConfig& audit);
  /// What the processes of an installation know each other by.
  [[nodiscard]] std::string token() const;
  /// Makes the tables ready, which may take a rebuild, and starts the roles' threads. Throws as above, and
  /// StartStopped soon after `stopping` says so.
  void start(const std::function<void(std::uint64_t events)>& progress,
             const std::function<bool()>& stopping = {});
  /// Finishes what intake has accepted and brings the tables to it.
  void stop();
  /// What is not finished yet is answered 503, so that `stop` need not wait for it. Any thread, any time.
  void give_up();

  /// Fills the data directory's `checkpoint()`, which must be empty or missing: tables, log and keys in this
  /// order, so that the log covers the tables and the keys cover the log. By any thread; takes a moment.
  /// Throws as opening does.
  void checkpoint() const;
  [[nodiscard]] const DataDirectory& data() const { return data_; }
  [[nodiscard]] const Roles& roles() const { return roles_; }
  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] const ClockChoice& clock_choice() const { return choice_; }
  [[nodiscard]] const Clock& clock() const { return *clock_; }
  [[nodiscard]] Log& log() { return *log_; }
  [[nodiscard]] KnownEnds ends() const { return ends_->known(); }
  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] RuleBook& rules() { return rules_; }
  [[nodiscard]] KeyStore& keys() { return *keys_; }
  /// Only once `start` has been reached; intake only where this process has that role.
  [[nodiscard]] Intake& intake() { return *intake_; }
  [[nodiscard]] CommandPort& port() { return *port_; }  ///< likewise, or where it was told of one
  [[nodiscard]] Projector& projector() { return *projector_; }
  [[nodiscard]] AlertDesk* desk() { return desk_.get(); }                   ///< likewise
  [[nodiscard]] const HeadSigner* signer() const { return signer_.get(); }  ///< null: as watch
  [[nodiscard]] Watch* watch() { return watch_.get(); }  ///< null where this process has not that role
  /// Events folded by a rebuild that runs now; none otherwise.
  [[nodiscard]] std::optional<std::uint64_t> rebuilding() const;

  /// Why the log, the keys or the tables cannot be written or read now; by part. Empty: they can.
  struct Trouble {
    std::string_view part;  ///< "log", "keys", "tables", "commands"
    std::string what;
  };
  [[nodiscard]] std::vector<Trouble> troubles() const;
  /// Reading met with this; damage is told from then on.
  void note(const std::exception& failure);
  /// What was done by itself that somebody should know: tables set aside, a copy of the log begun anew.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
  /// Why the local copy of a log on Kafka is not kept or read; empty: it is, or there is none. Everything
  /// goes on without it, more slowly.
  [[nodiscard]] std::string copy_trouble() const;

 private:
  void require_parts() const;
  void open_parts();
  void open_tables();
  void open_desk();
  [[nodiscard]] PostHeads poster_of_heads();
  void prepare(const std::function<void(std::uint64_t)>& progress, const std::function<bool()>& stopping);

  DataDirectory data_;
  ClockChoice choice_;
  Roles roles_;
  std::shared_ptr<rocksdb::Cache> block_cache_;
  std::unique_ptr<Clock> clock_;
  SystemChance chance_;
  RuleBook rules_;
  std::unique_ptr<StoredKeys> keys_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<LogEnds> ends_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Projector> projector_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<SerialWorker> key_worker_, ends_worker_;  ///< after intake: they end first
  std::unique_ptr<CommandPort> port_;
  std::unique_ptr<Watch> watch_;
  std::vector<AlertDesk::Opened> channels_;
  http::Metrics* metrics_ = nullptr;
  std::unique_ptr<KafkaGroup> group_;
  std::unique_ptr<AlertDesk> desk_;
  AuditConfig audit_;
  std::optional<SigningKey> signing_key_;
  std::unique_ptr<Transfer> head_transfer_;
  std::unique_ptr<HeadSigner> signer_;
  std::jthread signer_thread_;
  std::jthread intake_thread_, projector_thread_, watch_thread_, desk_thread_;
  std::function<void(const Parked&)> parked_;
  RowListener* row_listener_ = nullptr;
  std::atomic<bool> ready_{false};
  std::atomic<std::int64_t> rebuilding_{-1};
  rocksdb::Env* env_;
  std::vector<std::string> notes_;
  mutable std::mutex mutex_;  // guards what follows
  std::string log_damage_, key_damage_;
};

}  // namespace geleit
