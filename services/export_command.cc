#include "services/export_command.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <map>
#include <memory>
#include <system_error>
#include <unordered_map>

#include "events/copy_mark.h"
#include "events/uuid.h"
#include "services/cloud_event.h"
#include "services/command_options.h"
#include "services/key_store.h"
#include "services/open_parts.h"
#include "services/progress_line.h"
#include "services/seal.h"

namespace geleit {
namespace {

constexpr std::size_t read_records_max = 4096;
constexpr std::size_t write_bytes = 1 << 20;

struct ExportAsk {
  DirectoryOptions where;
  std::string case_id, provider;
  std::vector<std::string> from;
  bool sealed = false, records = false;
};

class Export {
 public:
  Export(const ExportAsk& ask, const CommandLine& line)
      : ask_(ask), line_(line), log_(open_log_read_only(ask.where.directory())), progress_(stderr) {
    if (!ask.case_id.empty()) case_ = CaseId{*parse_uuid(ask.case_id)};
    const std::uint16_t partitions = log_->info().partitions;
    for (const std::string& text : ask.from) {
      const Position position = *parse_position(text);
      if (position.partition.value >= partitions) {
        throw CLI::ValidationError(
            "--from", fmt::format("expected a partition from 0 to {}, but it is {}", partitions - 1, text));
      }
      from_[position.partition] = position.offset;
    }
    // After the log: a key is kept before the event that needs it.
    if (!ask.sealed) open_keys();
  }

  void run() {
    const std::uint16_t partitions = log_->info().partitions;
    for (std::uint16_t p = 0; p < partitions; ++p) {
      if (!case_ || partition_of(*case_, partitions) == Partition{p}) tell_partition(Partition{p});
    }
    write();
    if (foreign_ > 0) progress_.tell(say(line_.for_people, message::foreign_records, foreign_));
  }

 private:
  void open_keys() {
    std::string why;
    keys_ = open_keys_if_readable(ask_.where.directory(), line_.for_people, why);
    if (!keys_) progress_.tell(say(line_.for_people, message::export_stays_sealed, why));
  }

  void tell_partition(Partition partition) {
    const std::uint16_t partitions = log_->info().partitions;
    const auto known = from_.find(partition);
    const Offset from = known == from_.end() ? Offset{} : known->second;
    const Offset end = log_->ends()[partition.value];
    const std::string source = "urn:uuid:" + to_string(log_->info().id);
    // What is accepted follows from all that lies before, so every partition is read from its beginning.
    std::unordered_map<CaseId, Head> heads;
    const auto reader = log_->read(partition, Offset{});
    std::vector<StoredRecord> records;
    Event event;
    for (Offset next_offset; next_offset < end;) {
      reader->next(records, read_records_max);
      if (records.empty()) break;
      for (const StoredRecord& record : records) {
        next_offset = next(record.offset);
        ++read_;
        const auto link = link_of(record.bytes);
        if (!link || partition_of(link->stream, partitions) != partition || !decoded(record, event)) {
          if (!is_copy_mark(record)) ++foreign_;
          if (ask_.records && !case_ && ask_.provider.empty() && record.offset >= from) {
            append_foreign_record(out_, source, record, partitions);
            out_.push_back('\n');
          }
          continue;
        }
        Head& head = heads[link->stream];
        const Standing stands = standing(head, link->version, link->previous);
        if (stands == Standing::accepted) head = {link->version, link->hash};
        if (record.offset < from || (case_ && link->stream != *case_)) continue;
        if (!ask_.provider.empty() && event.provider != ask_.provider) continue;
        tell({record, event, link->hash, stands, ask_.records ? partitions : std::uint16_t{0}}, source);
      }
      if (progress_.due()) progress_.show(fmt::format("{} / {}", told_, read_));
    }
  }

  static bool decoded(const StoredRecord& record, Event& event) {
    try {
      decode(record.bytes, event);
      return true;
    } catch (const BadRecord&) { return false; }
  }

  void tell(const RecordView& view, std::string_view source) {
    OpenSealed open;
    std::shared_ptr<const PersonKey> key;
    if (keys_ && !view.event.key.is_nil()) key = keys_->find(view.event.key);
    if (key) {
      open = [&](SealedField field, Sealed sealed) {
        return open_field(*key, view.event.stream, field, sealed.bytes);
      };
    }
    append_cloud_event(out_, source, view, open);
    out_.push_back('\n');
    ++told_;
    if (out_.size() >= write_bytes) write();
  }

  void write() {
    if (std::fwrite(out_.data(), 1, out_.size(), stdout) != out_.size() || std::fflush(stdout) != 0) {
      throw std::system_error(errno, std::generic_category(), "standard output cannot be written");
    }
    out_.clear();
  }

  const ExportAsk& ask_;
  const CommandLine& line_;
  std::unique_ptr<ReadableLog> log_;
  std::unique_ptr<KeyStore> keys_;
  ProgressLine progress_;
  std::optional<CaseId> case_;
  std::map<Partition, Offset> from_;
  std::string out_;
  std::uint64_t read_ = 0, told_ = 0, foreign_ = 0;
};

}  // namespace

void add_export(CommandLine& line) {
  auto ask = std::make_shared<ExportAsk>();
  CLI::App* command = line.app.add_subcommand("export", "The events of a log as CloudEvents, one a line");
  command->add_option("--case", ask->case_id, "Only of this case")->check(a_uuid());
  command->add_option("--provider", ask->provider, "Only of this provider");
  command->add_option("--from", ask->from, "Begin here in this partition; may be repeated")
      ->check(a_position());
  add_directory_options(*command, ask->where);
  command->add_flag("--sealed", ask->sealed, "Leave personal data sealed, as base64");
  command->add_flag("--records", ask->records,
                    "Each record's own octets too, and those that are no events: what geleit audit verify "
                    "--export needs");
  command->callback([ask, &line] { Export(*ask, line).run(); });
}

}  // namespace geleit
