#include "events/kafka_log.h"

#include "events/kafka_log_contents.h"
#include "events/kafka_writer.h"
#include "events/uuid.h"

namespace geleit {

class KafkaLog::Parts {
 public:
  explicit Parts(const KafkaLogOptions& options)
      : contents(options, true),
        writer(options.address, options.settings, "urn:uuid:" + to_string(contents.info().id),
               contents.info().partitions, contents.control(), contents.follower()) {}
  KafkaLogContents contents;
  KafkaWriter writer;
};

void KafkaLog::create(const KafkaAddress& address, const KafkaSettings& settings, std::uint16_t partitions,
                      const Uuid& id, Instant created) {
  create_kafka_topics(address, settings, {id, partitions, created});
}

std::unique_ptr<KafkaLog> KafkaLog::open(const KafkaLogOptions& options) {
  return std::unique_ptr<KafkaLog>(new KafkaLog(std::make_unique<Parts>(options)));
}

std::unique_ptr<ReadableLog> KafkaLog::open_read_only(const KafkaLogOptions& options) {
  return std::make_unique<KafkaLogContents>(options, false);
}

KafkaLog::KafkaLog(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
KafkaLog::~KafkaLog() = default;

LogInfo KafkaLog::info() const { return parts_->contents.info(); }
void KafkaLog::append(std::vector<NewRecord> records, std::function<void(const Appended&)> done) {
  parts_->writer.append(std::move(records), std::move(done));
}
void KafkaLog::append_copied(std::vector<NewRecord> records, std::vector<Instant> recorded,
                             std::function<void(const Appended&)> done) {
  parts_->writer.append(std::move(records), std::move(done), recorded);
}
KafkaTimes& KafkaLog::times() const { return parts_->contents.times(); }
Positions KafkaLog::ends() const { return parts_->contents.ends(); }
std::unique_ptr<LogReader> KafkaLog::read(Partition partition, Offset from) const {
  return parts_->contents.read(partition, from);
}
void KafkaLog::read_at(std::span<const Position> positions,
                       const std::function<void(const StoredRecord&)>& found) const {
  parts_->contents.read_at(positions, found);
}
std::unique_ptr<LogSubscription> KafkaLog::subscribe(std::function<void()> grown) {
  return parts_->contents.follower().subscribers().add(std::move(grown));
}
bool KafkaLog::is_in_memory(Position position) const { return parts_->contents.is_in_memory(position); }
KafkaLog::Queue KafkaLog::append_queue() const { return parts_->writer.queue(); }
std::string KafkaLog::trouble() const { return parts_->writer.trouble(); }

}  // namespace geleit
