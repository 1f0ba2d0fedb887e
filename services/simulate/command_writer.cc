#include "services/simulate/command_writer.h"

#include <charconv>

#include "events/event_words.h"
#include "events/uuid.h"

namespace geleit {

void CommandWriter::open(const Head& h, CivilDate happened) {
  head(h);
  date("happened", happened);
  tail(h);
}

void CommandWriter::open(const Head& h, Moment happened) {
  head(h);
  minute("happened", happened);
  tail(h);
}

void CommandWriter::head(const Head& h) {
  first_ = false;
  text("command", h.command);
  uuid("id", h.id);
  uuid("case", h.case_id);
}

void CommandWriter::tail(const Head& h) {
  text("by", h.by);
  if (h.expect_version != 0) number("expect_version", h.expect_version);
  if (!h.reasons.empty()) {
    open_object("reasons");
    for (const Reason& reason : h.reasons) text(word(reason.rule), reason.text);
    close_object();
  }
  open_object("data");
}

void CommandWriter::close() { out_.append("}}"); }

void CommandWriter::text(std::string_view k, std::string_view value) {
  key(k);
  string(value);
}

void CommandWriter::number(std::string_view k, std::int64_t value) {
  key(k);
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out_.append(digits, end);
}

void CommandWriter::truth(std::string_view k, bool value) {
  key(k);
  out_.append(value ? "true" : "false");
}

void CommandWriter::date(std::string_view k, CivilDate value) {
  key(k);
  out_.push_back('"');
  almanac_.append_date(value, out_);
  out_.push_back('"');
}

void CommandWriter::minute(std::string_view k, Moment value) {
  key(k);
  out_.push_back('"');
  almanac_.append_minute(value, out_);
  out_.push_back('"');
}

void CommandWriter::uuid(std::string_view k, const Uuid& value) {
  key(k);
  char written[38];
  written[0] = written[37] = '"';
  write_uuid(value, written + 1);
  out_.append(written, 38);
}

void CommandWriter::open_object(std::string_view k) {
  key(k);
  out_.push_back('{');
  first_ = true;
}

void CommandWriter::open_element() {
  comma();
  out_.push_back('{');
  first_ = true;
}

void CommandWriter::close_object() {
  out_.push_back('}');
  first_ = false;
}

void CommandWriter::open_list(std::string_view k) {
  key(k);
  out_.push_back('[');
  first_ = true;
}

void CommandWriter::element(std::string_view value) {
  comma();
  string(value);
}

void CommandWriter::close_list() {
  out_.push_back(']');
  first_ = false;
}

void CommandWriter::comma() {
  if (!first_) out_.push_back(',');
  first_ = false;
}

void CommandWriter::key(std::string_view k) {
  comma();
  out_.push_back('"');
  out_.append(k);
  out_.append("\":");
}

void CommandWriter::string(std::string_view value) {
  out_.push_back('"');
  std::size_t plain = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto c = static_cast<unsigned char>(value[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out_.append(value.substr(plain, i - plain));
    plain = i + 1;
    if (c == '"' || c == '\\') {
      out_.push_back('\\');
      out_.push_back(static_cast<char>(c));
    } else {
      constexpr std::string_view hex = "0123456789abcdef";
      out_.append("\\u00");
      out_.push_back(hex[c >> 4]);
      out_.push_back(hex[c & 15]);
    }
  }
  out_.append(value.substr(plain));
  out_.push_back('"');
}

}  // namespace geleit
