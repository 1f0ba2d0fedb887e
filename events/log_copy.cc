#include "events/log_copy.h"

#include <fmt/format.h>

#include <fstream>
#include <system_error>
#include <vector>

#include "events/embedded_log.h"
#include "events/rocks_damage.h"
#include "events/rocks_unsynced.h"
#include "events/uuid.h"

namespace geleit {
namespace {

// Lies in every copy, so that no log is ever taken for one and removed.
constexpr const char* copy_name = "COPY";
// Lies in one that turned out to be damaged.
constexpr const char* given_up_name = "DAMAGED";
constexpr const char* files_name = "fetched";

bool make_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text << '\n';
  return static_cast<bool>(file.flush());
}

void remove_directory(const std::filesystem::path& dir) {
  std::error_code failed;
  std::filesystem::remove_all(dir, failed);
  if (failed) {
    throw LogUnavailable(
        fmt::format("the local copy in {} cannot be removed: {}", dir.string(), failed.message()));
  }
}

/// Why this is no beginning of the source, or empty.
std::string difference(const EmbeddedLogContents& copy, const ReadableLog& source) {
  const LogInfo mine = copy.info();
  const LogInfo theirs = source.info();
  if (mine.id != theirs.id || mine.partitions != theirs.partitions) {
    return fmt::format("it is a copy of the log {} with {} partitions", to_string(mine.id), mine.partitions);
  }
  const Positions ends = copy.ends();
  const Positions reached = source.ends();
  std::vector<Position> last;
  for (std::uint16_t p = 0; p < mine.partitions; ++p) {
    if (ends[p] == Offset{0}) continue;
    if (ends[p] > reached[p]) {
      return fmt::format("it holds partition {} up to {}, but the log ends at {}", p, ends[p].value,
                         reached[p].value);
    }
    last.push_back({Partition{p}, Offset{ends[p].value - 1}});
  }
  std::vector<std::pair<Instant, std::string>> records;
  copy.read_at(last, [&](const StoredRecord& record) {
    records.emplace_back(record.recorded, std::string(record.bytes));
  });
  std::string found;
  std::size_t i = 0;
  source.read_at(last, [&](const StoredRecord& record) {
    const auto& [recorded, bytes] = records[i];
    if (found.empty() && (recorded != record.recorded || bytes != record.bytes)) {
      found = fmt::format("its record at {}:{} is not that of the log", last[i].partition.value,
                          last[i].offset.value);
    }
    ++i;
  });
  return found;
}

}  // namespace

bool is_log_copy(const std::filesystem::path& dir) {
  std::error_code ignored;
  return std::filesystem::exists(dir / copy_name, ignored);
}

LogCopy::LogCopy(std::filesystem::path dir, const ReadableLog& source, DatabaseMemory memory)
    : dir_(std::move(dir)), memory_(std::move(memory)), env_(make_unsynced_env(memory_.env)) {
  memory_.env = env_.get();
  const LogInfo info = source.info();
  std::error_code ignored;
  if (has_database_files(dir_) && !std::filesystem::exists(dir_ / copy_name, ignored)) {
    throw LogRefused(fmt::format(
        "expected a local copy of the log at {} in {}, but it holds another database. Nothing was changed; "
        "move it away",
        info.where, dir_.string()));
  }
  if (EmbeddedLog::exists(dir_)) {
    std::string wrong;
    if (std::filesystem::exists(dir_ / given_up_name, ignored)) wrong = "reading it has met with damage";
    try {
      open();
      if (wrong.empty()) wrong = difference(*contents_, source);
    } catch (const LogInUse&) { throw; } catch (const LogCorrupt& damage) {
      // The source's own damage is not the copy's.
      if (contents_) throw;
      wrong = damage.what();
    } catch (const LogRefused& refused) { wrong = refused.what(); }
    if (wrong.empty()) return;
    note_ = fmt::format("the local copy in {} is fetched anew: {}", dir_.string(), wrong);
    contents_.reset();
  }
  begin(info);
  open();
}

LogCopy::~LogCopy() = default;

void LogCopy::begin(const LogInfo& source) {
  remove_directory(dir_);
  std::error_code failed;
  std::filesystem::create_directories(dir_, failed);
  if (failed || !make_file(dir_ / copy_name, source.where)) {
    throw LogUnavailable(fmt::format("no local copy can be made in {}", dir_.string()));
  }
  EmbeddedLog::create(dir_, source.partitions, source.id, source.created);
}

void LogCopy::open() {
  remove_directory(dir_ / files_name);
  contents_ = std::make_unique<EmbeddedLogContents>(dir_, LogDatabase::Mode::write, memory_, 0);
  std::error_code failed;
  std::filesystem::create_directory(dir_ / files_name, failed);
  if (failed) {
    throw LogUnavailable(fmt::format("no local copy can be made in {}: {}", dir_.string(), failed.message()));
  }
}

std::filesystem::path LogCopy::place_for_file(Partition partition) const {
  return dir_ / files_name / fmt::format("{}.sst", partition.value);
}

void LogCopy::give_up() { (void)make_file(dir_ / given_up_name, "reading has met with damage"); }

}  // namespace geleit
