#include "services/kafka_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <unordered_set>

#include "events/kafka_keys_topic.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "services/wrap.h"

namespace geleit {
namespace {

/// Keys kept unwrapped in memory; the rest is unwrapped again when asked for.
constexpr std::size_t keys_at_hand_max = 65'536;
/// Ids that are known to be unknown, so that they are not looked for again.
constexpr std::size_t missing_ids_max = 65'536;
constexpr std::size_t copied_at_once = 4'096;

constexpr std::string_view of_geleit = "geleit.";
constexpr std::string_view erased_prefix = "geleit.erased.";
constexpr std::string_view master_prefix = "geleit.master.";
constexpr std::string_view token_names = "geleit.token.";
constexpr std::string_view format_prefix = "geleit-keys ";
constexpr std::string_view topic_format = "geleit-keys 1";
constexpr std::size_t id_characters = 36;

std::string check_of(const MasterKey& master) {
  return to_hex(sha256(std::string(master.bytes().begin(), master.bytes().end()) + "master-check"));
}

class TopicKeys final : public KafkaKeys {
 public:
  TopicKeys(const KafkaAddress& address, const KafkaSettings& settings) : where_(keys_topic_of(address)) {
    try {
      topic_ = std::make_unique<KafkaKeysTopic>(address, settings,
                                                [this](const KeysTopicRecord& record) { take(record); });
    } catch (const LogUnavailable& failure) { throw KeyStoreFailed(failure.what()); }
  }

  void begin(const std::filesystem::path& master_key, const KeyBytes& fresh) {
    if (masters().empty() && std::filesystem::exists(master_key)) {
      adopt(MasterKey::load(master_key));
    } else if (masters().empty()) {
      adopt(MasterKey::load_or_make(master_key, fresh));
    } else {
      load(master_key);
    }
    std::vector<KeysTopicEntry> left;
    {
      const std::shared_lock lock(mutex_);
      for (const KeyId& id : to_destroy_) left.push_back({to_string(id), std::nullopt});
    }
    put(left);
  }

  void load(const std::filesystem::path& master_key) {
    if (!std::filesystem::exists(master_key)) {
      throw KeyStoreFailed(
          fmt::format("expected the master key of the keys in the topic '{}' in {}, but there is none: "
                      "copy it from the data directory of another process of this installation, or from "
                      "where it is kept",
                      where_, master_key.string()));
    }
    const MasterKey master = MasterKey::load(master_key);
    require(master, master_key.string());
    master_ = master;
  }

  void add(std::span<const PersonKey> keys) override {
    std::vector<KeysTopicEntry> entries;
    for (const PersonKey& key : keys)
      entries.push_back({to_string(key.id), to_string(key.person) + wrap_key(*master_, key)});
    put(entries);
  }

  std::shared_ptr<const PersonKey> find(KeyId id) const override {
    if (auto key = find_here(id)) return key;
    {
      const std::shared_lock lock(mutex_);
      if (erased_.contains(id) || missing_.contains(id)) return nullptr;
    }
    catch_up();
    if (auto key = find_here(id)) return key;
    const std::unique_lock lock(mutex_);
    if (missing_.size() >= missing_ids_max) missing_.clear();
    if (!keys_.contains(id)) missing_.insert(id);
    return nullptr;
  }

  bool known(KeyId id) const override {
    const auto here = [&] {
      const std::shared_lock lock(mutex_);
      return keys_.contains(id) || erased_.contains(id);
    };
    if (here()) return true;
    catch_up();
    return here();
  }

  bool was_destroyed(KeyId id) const override {
    const std::shared_lock lock(mutex_);
    return erased_.contains(id);
  }

  std::string trouble() const override { return topic_->trouble(); }

  std::vector<std::string> findings() const override {
    std::vector<std::string> found;
    const std::shared_lock lock(mutex_);
    for (const auto& [id, stored] : keys_) {
      if (!unwrap_key(*master_, id, stored.wrapped))
        found.push_back(fmt::format("the topic '{}': the key {} cannot be unwrapped", where_, to_string(id)));
    }
    return found;
  }

  std::vector<KeyId> keys_of(PersonId person) const override {
    catch_up();
    std::vector<KeyId> keys;
    const std::shared_lock lock(mutex_);
    for (const auto& [id, stored] : keys_) {
      if (stored.person == person) keys.push_back(id);
    }
    std::ranges::sort(keys);
    return keys;
  }

  void destroy(std::span<const KeyId> ids) override {
    std::vector<KeysTopicEntry> entries;
    std::vector<KeysTopicEntry> tombstones;
    {
      const std::shared_lock lock(mutex_);
      for (const KeyId& id : ids) {
        if (const auto stored = keys_.find(id); stored != keys_.end())
          entries.push_back({std::string(erased_prefix) + to_string(id), to_string(stored->second.person)});
        else if (!to_destroy_.contains(id))
          continue;
        tombstones.push_back({to_string(id), std::nullopt});
      }
    }
    // First that it is to be: whoever opens the keys after a death in between goes on with that.
    std::ranges::move(tombstones, std::back_inserter(entries));
    put(entries);
  }

  void checkpoint(const std::filesystem::path& dir) const override {
    catch_up();  // a key is there before the event that needs it
    const auto copy = open_key_store(dir, *master_);
    std::vector<PersonKey> some;
    const std::shared_lock lock(mutex_);
    for (const auto& [id, stored] : keys_) {
      some.push_back(*unwrapped(id, stored));
      if (some.size() < copied_at_once) continue;
      copy->add(some);
      some.clear();
    }
    if (!some.empty()) copy->add(some);
  }

  std::vector<Erasure> erasures() const override {
    const std::shared_lock lock(mutex_);
    return erasures_;
  }

  std::uint64_t tokens_changed() const override { return tokens_changed_.load(std::memory_order_acquire); }

  std::pair<std::uint64_t, std::vector<std::string>> tokens() const override {
    std::vector<std::string> lines;
    const std::shared_lock lock(mutex_);
    for (const auto& [id, line] : tokens_) lines.push_back(line);
    return {tokens_changed(), std::move(lines)};
  }

  void put_token(std::string_view id, std::string line) override {
    put({{std::string(token_names).append(id), std::move(line)}});
    catch_up();
  }

 private:
  struct Stored {
    PersonId person;
    std::string wrapped;
  };

  /// In the thread that follows the topic.
  void take(const KeysTopicRecord& record) {
    const std::unique_lock lock(mutex_);
    if (record.name.starts_with(erased_prefix)) {
      const auto id = parse_uuid(record.name.substr(erased_prefix.size()));
      const auto person = parse_uuid(record.value.value_or(""));
      if (!id || !person || !erased_.insert({*id}).second) return;
      erasures_.push_back({{*id}, {*person}, record.written});
      at_hand_.erase({*id});
      if (keys_.erase({*id}) > 0) to_destroy_.insert({*id});
    } else if (record.name.starts_with(master_prefix) && record.value) {
      masters_.push_back({std::string(record.name.substr(master_prefix.size())), std::string(*record.value)});
    } else if (record.name.starts_with(token_names) && record.value) {
      tokens_[std::string(record.name.substr(token_names.size()))] = *record.value;
      tokens_changed_.fetch_add(1, std::memory_order_release);
    } else if (!record.name.starts_with(of_geleit)) {
      const auto id = parse_uuid(record.name);
      if (id) take_key({*id}, record.value);
    }
  }

  void take_key(KeyId id, std::optional<std::string_view> value) {
    if (!value) {
      keys_.erase(id);
      at_hand_.erase(id);
      to_destroy_.erase(id);
      return;
    }
    missing_.erase(id);
    // Whoever wrote it again after the erasure did so by a delayed repetition.
    if (erased_.contains(id)) {
      to_destroy_.insert(id);
      return;
    }
    if (value->size() <= id_characters) return;
    const auto person = parse_uuid(value->substr(0, id_characters));
    if (person) keys_[id] = {{*person}, std::string(value->substr(id_characters))};
  }

  struct Master {
    std::string check, format;
  };
  [[nodiscard]] std::vector<Master> masters() const {
    const std::shared_lock lock(mutex_);
    return masters_;
  }

  /// A store of another master key would only show when the first name cannot be read; it is told at once
  /// instead.
  void require(const MasterKey& master, const std::string& file) const {
    const std::vector<Master> known = masters();
    if (known.empty()) return;
    if (known.front().format != topic_format) {
      throw KeyStoreFailed(
          fmt::format("expected the keys in the topic '{}' in format {}, but they have format {}: they were "
                      "written by a newer Geleit",
                      where_, topic_format.substr(format_prefix.size()), known.front().format));
    }
    if (known.front().check == check_of(master)) return;
    throw KeyStoreFailed(
        fmt::format("expected the master key that the keys in the topic '{}' were made with, but {} holds "
                    "another one; put the right file there",
                    where_, file));
  }

  /// Says in the topic which master key it is. Of two processes that begin at once one is the first.
  void adopt(const MasterKey& master) {
    put({{std::string(master_prefix) + check_of(master), std::string(topic_format)}});
    require(master, "the master key file of this process");
    master_ = master;
  }

  void put(const std::vector<KeysTopicEntry>& entries) const {
    try {
      topic_->put(entries);
    } catch (const LogUnavailable& failure) { throw KeyStoreFailed(failure.what()); }
  }

  void catch_up() const {
    try {
      topic_->catch_up();
    } catch (const LogUnavailable& failure) { throw KeyStoreFailed(failure.what()); }
  }

  [[nodiscard]] std::shared_ptr<const PersonKey> find_here(KeyId id) const {
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = at_hand_.find(id); found != at_hand_.end()) return found->second;
      if (!keys_.contains(id)) return nullptr;
    }
    const std::unique_lock lock(mutex_);
    const auto found = keys_.find(id);
    if (found == keys_.end()) return nullptr;
    auto key = unwrapped(id, found->second);
    if (at_hand_.size() >= keys_at_hand_max) at_hand_.clear();
    at_hand_[id] = key;
    return key;
  }

  [[nodiscard]] std::shared_ptr<const PersonKey> unwrapped(KeyId id, const Stored& stored) const {
    const auto bytes = unwrap_key(*master_, id, stored.wrapped);
    if (!bytes) {
      throw KeyStoreDamaged(
          fmt::format("the key {} in the topic '{}' cannot be unwrapped: it is damaged; "
                      "restore the keys from their last backup",
                      to_string(id), where_));
    }
    return std::make_shared<PersonKey>(make_person_key(id, stored.person, *bytes));
  }

  std::string where_;
  std::optional<MasterKey> master_;  // set before anybody else has this object
  mutable std::shared_mutex mutex_;  // guards all that follows up to the topic
  std::vector<Master> masters_;
  std::unordered_map<KeyId, Stored> keys_;
  std::unordered_set<KeyId> erased_;
  std::vector<Erasure> erasures_;
  std::map<std::string, std::string> tokens_;
  std::atomic<std::uint64_t> tokens_changed_{0};
  std::unordered_set<KeyId> to_destroy_;  // were to be destroyed, but lie in the topic still
  mutable std::unordered_map<KeyId, std::shared_ptr<const PersonKey>> at_hand_;
  mutable std::unordered_set<KeyId> missing_;
  std::unique_ptr<KafkaKeysTopic> topic_;  // last, for its thread uses all of the above
};

}  // namespace

std::unique_ptr<KafkaKeys> open_kafka_keys(const KafkaAddress& address, const KafkaSettings& settings,
                                           const std::filesystem::path& master_key, const KeyBytes& fresh) {
  auto keys = std::make_unique<TopicKeys>(address, settings);
  keys->begin(master_key, fresh);
  return keys;
}

std::unique_ptr<KafkaKeys> open_kafka_keys_read_only(const KafkaAddress& address,
                                                     const KafkaSettings& settings,
                                                     const std::filesystem::path& master_key) {
  auto keys = std::make_unique<TopicKeys>(address, settings);
  keys->load(master_key);
  return keys;
}

}  // namespace geleit
