// Events filled field by field from their own descriptions (events/field.h), so that a new event or field is
// tried without anybody remembering it.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "events/civil_time.h"
#include "events/event.h"

namespace geleit {

/// What fields are filled with. `optional()` decides whether a field that may be absent is there.
class SampleSource {
 public:
  virtual ~SampleSource() = default;
  virtual bool optional() = 0;
  /// From `least` to `most`, both included.
  virtual std::int64_t number(std::int64_t least, std::int64_t most) = 0;
  virtual std::string text() = 0;

  /// A text that lives as long as the source.
  std::string_view kept(std::string text) { return kept_.emplace_back(std::move(text)); }

 private:
  std::deque<std::string> kept_;
};

/// Every field present, each with another value, the same in every run.
class FullSource : public SampleSource {
 public:
  bool optional() override { return true; }
  std::int64_t number(std::int64_t least, std::int64_t most) override {
    ++count_;
    return least + (count_ % (most - least + 1));
  }
  std::string text() override { return "Text " + std::to_string(++count_) + " äöüß"; }

 private:
  std::int64_t count_ = 0;
};

/// Only what must be there.
class SparseSource final : public FullSource {
 public:
  bool optional() override { return false; }
};

template <class T>
concept FilledByField = requires {
  T::fields;
};

struct Filler {
  SampleSource& from;

  void fill(bool& out) const { out = from.number(0, 1) == 1; }
  void fill(std::int32_t& out) const { out = static_cast<std::int32_t>(from.number(0, 1'000'000)); }
  template <class Tag, class Rep>
  void fill(Number<Tag, Rep>& out) const {
    out.value = static_cast<Rep>(from.number(0, 60'000));
  }
  void fill(CivilDate& out) const {
    out = CivilDate{static_cast<std::int32_t>(from.number(-20'000, 40'000))};
  }
  void fill(Instant& out) const { out = Instant{from.number(0, 4'000'000'000'000)}; }
  void fill(Uuid& out) const {
    out.high = static_cast<std::uint64_t>(from.number(1, INT64_MAX - 1));
    out.low = static_cast<std::uint64_t>(from.number(1, INT64_MAX - 1));
  }
  template <class Tag>
  void fill(Id<Tag>& out) const {
    fill(out.value);
  }
  void fill(Hash& out) const {
    for (auto& word : out.words) word = static_cast<std::uint64_t>(from.number(1, INT64_MAX - 1));
  }
  template <Vocabulary E>
  void fill(E& out) const {
    out = static_cast<E>(from.number(0, static_cast<std::int64_t>(words<E>.size()) - 1));
  }
  // Absent texts and lists are empty ones.
  void fill(std::string_view& out) const {
    if (from.optional()) out = from.kept(from.text());
  }
  void fill(Sealed& out) const {
    if (from.optional()) out.bytes = from.kept("\x01" + from.text());
  }
  void fill(std::vector<std::string_view>& out) const {
    if (!from.optional()) return;
    for (std::int64_t n = from.number(1, 3); n > 0; --n) out.push_back(from.kept(from.text()));
  }
  template <class T>
  void fill(std::optional<T>& out) const {
    if (from.optional()) fill(out.emplace());
  }
  template <FilledByField T>
  void fill(T& out) const {
    for_each_field(out, [&](std::string_view, auto& field) { fill(field); });
  }

  /// The event around a payload.
  void fill(Event& out) const {
    fill(out.id);
    fill(out.stream);
    out.version = Version{static_cast<std::uint32_t>(from.number(1, 60'000))};
    fill(out.previous);
    fill(out.happened.date);
    fill(out.happened.at);
    if (out.happened.at) out.happened.date = berlin_date(*out.happened.at);
    fill(out.decided);
    out.provider = from.kept("hana-muenchen");
    fill(out.by);
    fill(out.judged_by.shipped);
    if (from.optional()) fill(out.judged_by.installation);
    if (from.optional()) fill(out.judged_by.provider);
    if (from.optional()) {
      fill(out.key);
      out.tag = {static_cast<std::uint64_t>(from.number(1, INT64_MAX - 1)), 7};
      fill(out.trace);
      out.findings.resize(2);
      for (Rule& rule : out.findings) fill(rule);
      out.deviations.resize(2);
      for (Deviation& deviation : out.deviations) {
        fill(deviation.rule);
        fill(deviation.reason);
      }
    }
    std::visit([&](auto& payload) { fill(payload); }, out.payload);
  }
};

template <std::size_t I = 0>
Payload empty_payload(std::size_t index) {
  if constexpr (I < std::variant_size_v<Payload>) {
    if (index == I) return Payload(std::in_place_index<I>);
    return empty_payload<I + 1>(index);
  } else {
    return {};
  }
}

inline Event sample_event(std::size_t payload_index, SampleSource& from) {
  Event event;
  event.payload = empty_payload(payload_index);
  Filler{from}.fill(event);
  return event;
}

}  // namespace geleit
