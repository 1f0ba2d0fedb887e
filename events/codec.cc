#include "events/codec.h"

#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/serialize.h>

#include <array>
#include <cassert>

#include "events/payload_codec.h"
#include "events/sha256.h"

namespace geleit {
namespace {

// A message is one word of segment table, one of root pointer, and its content; less than this is no event.
constexpr std::size_t record_octets_min = 16 + hash_octets;
// What a reader may traverse of one record: far above any honest event, and a bound for a dishonest one.
constexpr capnp::ReaderOptions reader_options{.traversalLimitInWords = 4 * 1024 * 1024, .nestingLimit = 16};

kj::ArrayPtr<const capnp::word> message_words(std::string_view record) {
  if (record.size() < record_octets_min || record.size() % 8 != 0)
    throw BadRecord("its length is no record's");
  assert(reinterpret_cast<std::uintptr_t>(record.data()) % 8 == 0);
  return {reinterpret_cast<const capnp::word*>(record.data()), (record.size() - hash_octets) / 8};
}

/// Cap'n Proto reports damage by kj::Exception; ours is BadRecord.
template <class Read>
auto guarded(Read&& read) {
  try {
    return read();
  } catch (const kj::Exception& e) { throw BadRecord(std::string(e.getDescription().cStr())); }
}

Hash shipped_of(schema::Event::Reader r) {
  return {{r.getShipped0(), r.getShipped1(), r.getShipped2(), r.getShipped3()}};
}
Hash previous_of(schema::Event::Reader r) {
  return {{r.getPrevious0(), r.getPrevious1(), r.getPrevious2(), r.getPrevious3()}};
}

template <class Build>
std::string flat_message(Build&& build) {
  // Most events fit the scratch space (which the builder leaves zeroed), so that building one needs no
  // allocation but the answer's. A message
  // that outgrew it is copied into one segment, since a record is always of one.
  thread_local std::array<capnp::word, 256> scratch;
  capnp::MallocMessageBuilder message(kj::arrayPtr(scratch.data(), scratch.size()));
  build(message);
  auto segments = message.getSegmentsForOutput();
  if (segments.size() > 1) {
    const std::size_t words = capnp::computeSerializedSizeInWords(message) + 64;
    capnp::MallocMessageBuilder wide(static_cast<unsigned>(words), capnp::AllocationStrategy::FIXED_SIZE);
    build(wide);
    auto flat = capnp::messageToFlatArray(wide);
    return {reinterpret_cast<const char*>(flat.begin()), flat.size() * sizeof(capnp::word)};
  }
  std::string out(8 + segments[0].size() * sizeof(capnp::word), '\0');
  const auto words = static_cast<std::uint32_t>(segments[0].size());
  std::memcpy(out.data() + 4, &words, sizeof words);
  std::memcpy(out.data() + 8, segments[0].begin(), segments[0].size() * sizeof(capnp::word));
  return out;
}

/// Reads a message whose bytes may lie anywhere (a sealed field's clear text has no alignment).
template <class Read>
auto read_copied(std::string_view bytes, Read&& read) {
  std::vector<capnp::word> words(bytes.size() / sizeof(capnp::word));
  if (words.empty()) throw BadRecord("an empty message");
  std::memcpy(words.data(), bytes.data(), words.size() * sizeof(capnp::word));
  return guarded([&] {
    capnp::FlatArrayMessageReader message(kj::ArrayPtr<const capnp::word>(words.data(), words.size()),
                                          reader_options);
    return read(message);
  });
}

void write_event(const Event& e, schema::Event::Builder b) {
  b.setIdHigh(e.id.value.high);
  b.setIdLow(e.id.value.low);
  b.setStreamHigh(e.stream.value.high);
  b.setStreamLow(e.stream.value.low);
  b.setVersion(e.version.value);
  b.setHappenedOn(e.happened.date.days);
  if (e.happened.at) b.setHappenedAt(e.happened.at->ms);
  b.setDecidedAt(e.decided.ms);
  b.setPrevious0(e.previous.words[0]);
  b.setPrevious1(e.previous.words[1]);
  b.setPrevious2(e.previous.words[2]);
  b.setPrevious3(e.previous.words[3]);
  b.setShipped0(e.judged_by.shipped.words[0]);
  b.setShipped1(e.judged_by.shipped.words[1]);
  b.setShipped2(e.judged_by.shipped.words[2]);
  b.setShipped3(e.judged_by.shipped.words[3]);
  b.setKeyHigh(e.key.value.high);
  b.setKeyLow(e.key.value.low);
  b.setTagHigh(e.tag.high);
  b.setTagLow(e.tag.low);
  b.setTraceHigh(e.trace.value.high);
  b.setTraceLow(e.trace.value.low);
  if (!e.judged_by.installation.is_zero()) {
    codec::fill(b.initInstallation(hash_octets), codec::hash_bytes(e.judged_by.installation));
  }
  if (!e.judged_by.provider.is_zero()) {
    codec::fill(b.initProviderSet(hash_octets), codec::hash_bytes(e.judged_by.provider));
  }
  codec::fill(b.initProvider(codec::size(e.provider)), e.provider);
  if (!e.by.empty()) codec::fill(b.initBy(codec::size(e.by)), e.by);
  if (!e.findings.empty()) {
    auto findings = b.initFindings(static_cast<unsigned>(e.findings.size()));
    for (unsigned i = 0; i < findings.size(); ++i) findings.set(i, static_cast<std::uint16_t>(e.findings[i]));
  }
  if (!e.deviations.empty()) {
    auto deviations = b.initDeviations(static_cast<unsigned>(e.deviations.size()));
    for (unsigned i = 0; i < deviations.size(); ++i) {
      deviations[i].setRule(static_cast<std::uint16_t>(e.deviations[i].rule));
      const auto reason = e.deviations[i].reason.bytes;
      codec::fill(deviations[i].initReason(codec::size(reason)), reason);
    }
  }
  codec::write_payload(e.payload, b.getPayload());
}

/// With all its octets, a NUL among them, too.
capnp::Text::Reader whole(const std::string& text) { return {text.data(), text.size()}; }

/// What encode never makes is no event: nothing could refer to it.
void require_names(schema::Event::Reader r) {
  if (r.getVersion() == 0 || (r.getIdHigh() == 0 && r.getIdLow() == 0) ||
      (r.getStreamHigh() == 0 && r.getStreamLow() == 0))
    throw BadRecord("an event without an id, a stream or a version");
}

/// An event's pointers, told from their words: most events lack most of them, and asking Cap'n Proto for each
/// costs more than the rest of the event. In the order of schema/event.capnp.
class Pointers {
 public:
  enum Field : std::uint8_t { installation, provider_set, provider, by, findings, deviations };

  Pointers(schema::Event::Reader r, kj::ArrayPtr<const capnp::word> message)
      : end_(reinterpret_cast<const char*>(message.end())) {
    const capnp::AnyStruct::Reader any = r;
    // A struct's pointers follow its data.
    first_ = reinterpret_cast<const char*>(any.getDataSection().end());
    count_ = any.getPointerSection().size();
  }
  [[nodiscard]] bool has(Field field) const { return word(field) != 0; }
  /// The text that the pointer leads to; none where Cap'n Proto has to say what it is. A list pointer is,
  /// from its lowest bit: kind 1 (2 bits), the words between it and the list (30, signed), octets as elements
  /// 2 (3 bits), their number with the NUL at the end (29).
  [[nodiscard]] std::optional<std::string_view> text(Field field) const {
    const std::uint64_t pointer = word(field);
    if (pointer == 0) return std::string_view();
    const std::int64_t between = static_cast<std::int32_t>(pointer) >> 2;
    const std::uint64_t octets = pointer >> 35;
    if ((pointer & 3) != 1 || (pointer >> 32 & 7) != 2 || between < 0 || octets == 0) return std::nullopt;
    const char* behind = first_ + (std::size_t{field} + 1) * sizeof pointer;
    const std::uint64_t from = static_cast<std::uint64_t>(between) * sizeof pointer;
    const auto room = static_cast<std::uint64_t>(end_ - behind);
    if (from > room || octets > room - from || behind[from + octets - 1] != '\0') return std::nullopt;
    return std::string_view(behind + from, octets - 1);
  }

 private:
  [[nodiscard]] std::uint64_t word(Field field) const {
    std::uint64_t word = 0;
    if (field < count_) std::memcpy(&word, first_ + std::size_t{field} * sizeof word, sizeof word);
    return word;
  }

  const char* first_;
  const char* end_;
  std::size_t count_;
};

void read_event(schema::Event::Reader r, kj::ArrayPtr<const capnp::word> words, Event& e) {
  require_names(r);
  const Pointers pointers(r, words);
  e.id.value = {r.getIdHigh(), r.getIdLow()};
  e.stream.value = {r.getStreamHigh(), r.getStreamLow()};
  e.version = Version{r.getVersion()};
  e.previous = previous_of(r);
  e.happened.date = CivilDate{r.getHappenedOn()};
  e.happened.at =
      r.getHappenedAt() == schema::NO_INSTANT ? std::nullopt : std::optional(Instant{r.getHappenedAt()});
  e.decided = Instant{r.getDecidedAt()};
  const auto provider = pointers.text(Pointers::provider);
  e.provider = provider ? *provider : codec::view(r.getProvider());
  const auto by = pointers.text(Pointers::by);
  e.by = by ? *by : codec::view(r.getBy());
  e.judged_by.shipped = shipped_of(r);
  e.judged_by.installation = e.judged_by.provider = {};
  if (pointers.has(Pointers::installation))
    e.judged_by.installation = codec::hash_of_bytes(codec::view(r.getInstallation()));
  if (pointers.has(Pointers::provider_set))
    e.judged_by.provider = codec::hash_of_bytes(codec::view(r.getProviderSet()));
  e.key.value = {r.getKeyHigh(), r.getKeyLow()};
  e.tag = {r.getTagHigh(), r.getTagLow()};
  e.trace.value = {r.getTraceHigh(), r.getTraceLow()};
  e.findings.clear();
  if (pointers.has(Pointers::findings)) {
    for (const auto number : r.getFindings()) e.findings.push_back(codec::rule(number));
  }
  e.deviations.clear();
  if (pointers.has(Pointers::deviations)) {
    for (const auto deviation : r.getDeviations()) {
      e.deviations.push_back({codec::rule(deviation.getRule()), {codec::view(deviation.getReason())}});
    }
  }
  codec::read_payload(r.getPayload(), e.payload);
}

}  // namespace

std::string codec::hash_bytes(const Hash& hash) {
  std::string out(hash_octets, '\0');
  write_octets(hash, out.data());
  return out;
}

Hash codec::hash_of_bytes(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (bytes.size() != hash_octets) throw BadRecord("a hash that is not 32 octets long");
  return hash_of_octets(bytes.data());
}

Rule codec::rule(std::uint16_t number) {
  if (number >= rule_count) throw BadRecord("a rule that this version does not know");
  return static_cast<Rule>(number);
}

std::string encode(const Event& event) {
  assert(event.version.value > 0 && !event.stream.is_nil() && !event.id.is_nil());
  std::string out = flat_message(
      [&](capnp::MessageBuilder& message) { write_event(event, message.initRoot<schema::Event>()); });
  const std::string hash = codec::hash_bytes(sha256(out));
  out += hash;
  return out;
}

void decode(std::string_view record, Event& out) {
  const auto words = message_words(record);
  guarded([&] {
    capnp::FlatArrayMessageReader message(words, reader_options);
    read_event(message.getRoot<schema::Event>(), words, out);
  });
}

std::optional<Link> link_of(std::string_view record) {
  try {
    const auto words = message_words(record);
    return guarded([&] {
      capnp::FlatArrayMessageReader message(words, reader_options);
      const auto r = message.getRoot<schema::Event>();
      require_names(r);
      return Link{{{r.getIdHigh(), r.getIdLow()}},
                  {{r.getStreamHigh(), r.getStreamLow()}},
                  Version{r.getVersion()},
                  previous_of(r),
                  stated_hash(record)};
    });
  } catch (const BadRecord&) { return std::nullopt; }
}

Hash stated_hash(std::string_view record) {
  assert(record.size() >= hash_octets);
  return hash_of_octets(record.data() + record.size() - hash_octets);
}

Hash recompute_hash(std::string_view record) {
  assert(record.size() >= hash_octets);
  return sha256(record.substr(0, record.size() - hash_octets));
}

std::string encode_person(const PersonData& person) {
  return flat_message([&](capnp::MessageBuilder& message) {
    auto b = message.initRoot<schema::PersonData>();
    b.setGivenName(whole(person.given_name));
    b.setFamilyName(whole(person.family_name));
    b.setBorn(person.born.days);
    b.setInsuranceNumber(whole(person.insurance_number));
    b.setInsurerIk(whole(person.insurer_ik));
    b.setGuardian(whole(person.guardian));
    b.setPhone(whole(person.phone));
    b.setEmail(whole(person.email));
    b.setPostalCode(whole(person.postal_code));
  });
}

PersonData decode_person(std::string_view clear) {
  return read_copied(clear, [](capnp::MessageReader& message) {
    const auto r = message.getRoot<schema::PersonData>();
    const auto own = [](capnp::Text::Reader t) { return std::string(t.begin(), t.size()); };
    return PersonData{own(r.getGivenName()),       own(r.getFamilyName()), CivilDate{r.getBorn()},
                      own(r.getInsuranceNumber()), own(r.getInsurerIk()),  own(r.getGuardian()),
                      own(r.getPhone()),           own(r.getEmail()),      own(r.getPostalCode())};
  });
}

std::string encode_texts(const std::vector<std::string>& texts) {
  return flat_message([&](capnp::MessageBuilder& message) {
    auto list = message.initRoot<schema::TextList>().initTexts(static_cast<unsigned>(texts.size()));
    for (unsigned i = 0; i < list.size(); ++i) list.set(i, whole(texts[i]));
  });
}

std::vector<std::string> decode_texts(std::string_view clear) {
  return read_copied(clear, [](capnp::MessageReader& message) {
    std::vector<std::string> out;
    for (const auto t : message.getRoot<schema::TextList>().getTexts()) out.emplace_back(t.begin(), t.size());
    return out;
  });
}

}  // namespace geleit
