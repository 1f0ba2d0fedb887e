#include "services/audit/head_signer.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <condition_variable>
#include <fstream>

#include "events/civil_time.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "services/durable_file.h"
#include "services/file_text.h"
#include "services/http/json_text.h"

namespace geleit {
namespace {

namespace json = boost::json;

constexpr std::size_t read_records_max = 4'096;
constexpr std::size_t pending_heads_max = 1'024;
constexpr std::int64_t minute_ms = 60'000;

Instant end_of_day(Instant at) { return berlin_midnight(berlin_date(at) + 1); }

/// What heads.edge said; nothing where it cannot be understood: then the log is read again.
struct Saved {
  std::map<Partition, MerkleEdge> edges;
  std::map<Partition, Instant> recorded;
  std::uint64_t filed = 0, posted = 0;
};

Saved read_saved(const std::filesystem::path& file, const Uuid& log) {
  const std::string text = read_text(file).value_or("");
  Saved saved;
  try {
    const json::value value = json::parse(text);
    const json::object& root = value.as_object();
    if (std::string_view(root.at("log").as_string()) != to_string(log)) return {};
    saved.filed = root.at("filed").to_number<std::uint64_t>();
    saved.posted = root.at("posted").to_number<std::uint64_t>();
    for (const json::value& one : root.at("partitions").as_array()) {
      const json::object& part = one.as_object();
      const Partition partition{part.at("partition").to_number<std::uint16_t>()};
      std::vector<Hash> peaks;
      for (const json::value& peak : part.at("peaks").as_array()) {
        const auto hash = parse_hash(std::string_view(peak.as_string()));
        if (!hash) return {};
        peaks.push_back(*hash);
      }
      const auto edge = MerkleEdge::of(part.at("size").to_number<std::uint64_t>(), std::move(peaks));
      if (!edge) return {};
      saved.edges.emplace(partition, *edge);
      saved.recorded.emplace(partition, Instant{part.at("recorded_ms").to_number<std::int64_t>()});
    }
  } catch (const std::exception&) { return {}; }
  return saved;
}

std::string read_from(const std::filesystem::path& file, std::uint64_t from, std::size_t octets_max) {
  std::ifstream in(file, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(from));
  std::string text(octets_max, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, in.gcount())));
  text.resize(text.rfind('\n') + 1);  // npos + 1 = 0
  return text;
}

}  // namespace

HeadSigner::HeadSigner(const ReadableLog& log, const Clock& clock, SigningKey key, const DataDirectory& data,
                       AuditConfig config, PostHeads post)
    : log_(log),
      clock_(clock),
      key_(key),
      data_(data),
      config_(std::move(config)),
      post_(std::move(post)),
      log_id_(log.info().id),
      partitions_(log.info().partitions),
      signed_at_(clock.now()) {
  begin(read_heads(data_.heads()));
}

HeadSigner::~HeadSigner() = default;

void HeadSigner::begin(const HeadsFile& heads) {
  heads_end_ = heads.whole_octets;
  Saved saved = read_saved(data_.heads_edge(), log_id_);
  filed_ = std::min(saved.filed, heads_end_);
  posted_ = std::min(saved.posted, heads_end_);
  for (const HeadsFile::BadLine& bad : heads.bad)
    say("heads", fmt::format("{}, line {}: {}", data_.heads().string(), bad.line, bad.why));
  std::vector<std::vector<const SignedHead*>> known(partitions_.size());
  for (const SignedHead& head : heads.heads) {
    if (head.log == log_id_ && head.size > 0 && head.partition.value < partitions_.size())
      known[head.partition.value].push_back(&head);
  }
  const Positions ends = log_.ends();
  for (std::uint16_t p = 0; p < partitions_.size(); ++p) {
    Followed& followed = partitions_[p];
    followed.day_ends = end_of_day(signed_at_);
    if (known[p].empty()) continue;
    std::ranges::stable_sort(known[p], {}, &SignedHead::size);
    const SignedHead& last = *known[p].back();
    last_[Partition{p}] = last;
    if (ends[p].value < last.size) {
      contradict(
          Partition{p}, followed,
          fmt::format("a head of {}:{} was signed, but the log ends at {}", p, last.size, ends[p].value));
    }
    const auto edge = saved.edges.find(Partition{p});
    if (edge != saved.edges.end() && edge->second.size() == last.size && edge->second.root() == last.root &&
        signature_holds(last)) {
      followed.edge = followed.signed_edge = edge->second;
      followed.recorded = saved.recorded.at(Partition{p});
      followed.day_ends = end_of_day(last.at);
      continue;
    }
    for (const SignedHead* head : known[p]) {
      if (signature_holds(*head)) {
        followed.known.push_back({head->size, head->root});
      } else {
        say("heads", fmt::format("{}: the head of {}:{} does not have the signature of its key",
                                 data_.heads().string(), p, head->size));
      }
    }
  }
}

void HeadSigner::run(const std::stop_token& stop) {
  std::mutex waiting;
  std::condition_variable_any never;
  while (!stop.stop_requested()) {
    step(stop);
    std::unique_lock lock(waiting);
    never.wait_for(lock, stop, std::chrono::milliseconds(follow_log_ms), [] { return false; });
  }
  step();
  sign_rest();
}

void HeadSigner::step(const std::stop_token& stop) {
  try {
    for (std::uint16_t p = 0; p < partitions_.size() && !stop.stop_requested(); ++p)
      follow(Partition{p}, stop);
    say("log", {});
  } catch (const std::exception& failure) {
    for (Followed& followed : partitions_) followed.reader.reset();
    say("log", failure.what());
  }
  const Instant now = clock_.now();
  const bool interval = now.ms - signed_at_.ms >= config_.heads_every_minutes * minute_ms;
  for (std::uint16_t p = 0; p < partitions_.size(); ++p) {
    Followed& followed = partitions_[p];
    const bool day_over = now >= followed.day_ends;
    if (!day_over && !interval) continue;
    // At a day's end also what has not grown: nothing was added, and nothing taken away.
    if (followed.edge.size() > 0 && (day_over || followed.edge.size() > followed.signed_edge.size()))
      sign_now(Partition{p}, followed);
    followed.day_ends = end_of_day(now);
  }
  if (interval) signed_at_ = now;
  write();
  deposit(false);
  std::uint64_t without = 0;
  for (const Followed& followed : partitions_) without += followed.edge.size() - followed.signed_edge.size();
  const std::lock_guard lock(mutex_);
  unsigned_ = without;
}

void HeadSigner::sign_rest() {
  for (std::uint16_t p = 0; p < partitions_.size(); ++p) {
    Followed& followed = partitions_[p];
    if (followed.edge.size() > followed.signed_edge.size()) sign_now(Partition{p}, followed);
  }
  write();
  deposit(true);
}

void HeadSigner::follow(Partition partition, const std::stop_token& stop) {
  Followed& followed = partitions_[partition.value];
  if (!followed.reader) followed.reader = log_.read(partition, Offset{followed.edge.size()});
  do {
    followed.reader->next(records_, read_records_max);
    for (const StoredRecord& record : records_) take(partition, record);
    if (pending_.size() >= pending_heads_max) write();
  } while (!records_.empty() && !stop.stop_requested());
}

void HeadSigner::take(Partition partition, const StoredRecord& record) {
  Followed& followed = partitions_[partition.value];
  if (record.recorded >= followed.day_ends) {
    if (followed.edge.size() > followed.signed_edge.size()) sign_now(partition, followed);
    followed.day_ends = end_of_day(record.recorded);
  }
  followed.edge.add(leaf_hash(record.offset, record.recorded, record.bytes));
  followed.recorded = record.recorded;
  if (!followed.known.empty()) compare(partition, followed);
  if (followed.edge.size() - followed.signed_edge.size() >= config_.heads_every_records)
    sign_now(partition, followed);
}

void HeadSigner::compare(Partition partition, Followed& followed) {
  while (!followed.known.empty() && followed.edge.size() == followed.known.front().size) {
    const Known known = followed.known.front();
    followed.known.pop_front();
    if (followed.edge.root() == known.root) {
      followed.signed_edge = followed.edge;
    } else if (followed.contradiction.empty()) {
      contradict(partition, followed,
                 fmt::format("the first {} records of partition {} are not those of the signed head",
                             known.size, partition.value));
    }
  }
}

void HeadSigner::contradict(Partition partition, Followed& followed, std::string what) {
  followed.contradiction = std::move(what);
  say(fmt::format("partition {}", partition.value),
      fmt::format(
          "{}; no more heads are signed for it. geleit audit verify tells what differs; to begin anew, "
          "keep {} elsewhere",
          followed.contradiction, data_.heads().string()));
}

void HeadSigner::sign_now(Partition partition, Followed& followed) {
  // What heads say of records that come later is compared first.
  if (!followed.known.empty() || !followed.contradiction.empty()) return;
  SignedHead head;
  head.log = log_id_;
  head.partition = partition;
  head.size = followed.edge.size();
  head.root = followed.edge.root();
  head.at = std::max(clock_.now(), followed.recorded);
  sign(head, key_);
  followed.signed_edge = followed.edge;
  pending_.push_back(head);
}

void HeadSigner::write() {
  if (pending_.empty()) return;
  std::string lines;
  for (const SignedHead& head : pending_) lines.append(to_json(head)).push_back('\n');
  try {
    write_at_end(data_.heads(), heads_end_, lines);
    heads_end_ += lines.size();
    const std::lock_guard lock(mutex_);
    for (const SignedHead& head : pending_) last_[head.partition] = head;
    pending_.clear();
    troubles_.erase("heads.ndjson");
  } catch (const std::exception& failure) { return say("heads.ndjson", failure.what()); }
  save_edges();
}

/// Expendable, so what cannot be written is written the next time.
void HeadSigner::save_edges() const {
  std::string text;
  http::JsonWriter out(text);
  out.object().member("log").string(to_string(log_id_));
  out.member("filed").number(filed_).member("posted").number(posted_).member("partitions").array();
  for (std::size_t p = 0; p < partitions_.size(); ++p) {
    const Followed& followed = partitions_[p];
    if (followed.signed_edge.size() == 0) continue;
    out.object().member("partition").number(p).member("size").number(followed.signed_edge.size());
    out.member("recorded_ms").number(followed.recorded.ms).member("peaks").array();
    for (const Hash& peak : followed.signed_edge.peaks()) out.string(to_hex(peak));
    out.end().end();
  }
  out.end().end();
  text += '\n';
  try {
    write_whole(data_.heads_edge(), text);
  } catch (const std::exception&) {}
}

void HeadSigner::deposit(bool at_once) {
  const bool to_file = !config_.deposit_file.empty();
  const bool to_hook = static_cast<bool>(post_);
  const auto behind = [&] {
    return std::max(to_file ? heads_end_ - filed_ : 0, to_hook ? heads_end_ - posted_ : 0);
  };
  if (behind() > 0 && (at_once || monotonic_ms() >= deposit_after_ms_)) {
    const std::uint64_t before = filed_ + posted_;
    std::string file_trouble, hook_trouble;
    while (to_file && filed_ < heads_end_ && file_trouble.empty()) {
      const std::string lines = read_from(data_.heads(), filed_, deposit_octets_max);
      try {
        std::error_code none;
        const auto size = std::filesystem::file_size(config_.deposit_file, none);
        write_at_end(config_.deposit_file, none ? 0 : size, lines);
        filed_ += lines.size();
      } catch (const std::exception& failure) { file_trouble = failure.what(); }
    }
    while (to_hook && posted_ < heads_end_ && hook_trouble.empty()) {
      const std::string lines = read_from(data_.heads(), posted_, deposit_octets_max);
      hook_trouble = post_(lines);
      if (hook_trouble.empty()) posted_ += lines.size();
    }
    if (!file_trouble.empty() || !hook_trouble.empty()) deposit_after_ms_ = monotonic_ms() + deposit_again_ms;
    say("deposit_file", std::move(file_trouble));
    say("deposit_webhook", std::move(hook_trouble));
    if (filed_ + posted_ != before) save_edges();
  }
  const std::lock_guard lock(mutex_);
  undeposited_ = behind();
}

void HeadSigner::say(std::string_view part, std::string what) {
  const std::lock_guard lock(mutex_);
  if (what.empty()) {
    if (const auto told = troubles_.find(part); told != troubles_.end()) troubles_.erase(told);
  } else {
    troubles_.insert_or_assign(std::string(part), std::move(what));
  }
}

HeadSignerStatus HeadSigner::status() const {
  HeadSignerStatus status;
  status.key = key_.public_key();
  const std::lock_guard lock(mutex_);
  for (const auto& [partition, head] : last_) status.last.push_back(head);
  status.unsigned_records = unsigned_;
  status.undeposited = undeposited_;
  for (const auto& [part, what] : troubles_) status.troubles.push_back(fmt::format("signed heads: {}", what));
  return status;
}

std::string to_json(const HeadSignerStatus& status) {
  std::string out;
  http::JsonWriter json(out);
  json.object().member("key").string(to_hex(status.key)).member("unsigned").number(status.unsigned_records);
  json.member("undeposited_octets").number(status.undeposited).member("heads").array();
  for (const SignedHead& head : status.last) {
    json.object().member("partition").number(head.partition.value).member("size").number(head.size);
    json.member("root").string(to_hex(head.root)).member("time").string(to_string(head.at)).end();
  }
  json.end().end();
  return out;
}

}  // namespace geleit
