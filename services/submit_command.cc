#include "services/submit_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <memory>
#include <system_error>
#include <thread>

#include "events/uuid.h"
#include "services/clock.h"
#include "services/command_lines.h"
#include "services/command_options.h"
#include "services/http/problem.h"
#include "services/http_client.h"
#include "services/language.h"
#include "services/progress_line.h"

namespace geleit {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

constexpr std::string_view commands_path = "/v1/commands";

struct SubmitAsk {
  std::string file, server;
  unsigned wait_seconds = 30;
  bool quiet = false, allow_without_id = false;
};

/// Trying again does not help, or has been tried for long enough.
struct GaveUp : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class InputFile {
 public:
  explicit InputFile(const std::string& name)
      : fd_(name == "-" ? STDIN_FILENO : ::open(name.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat info {};
    if (fd_ < 0 || ::fstat(fd_, &info) != 0 || S_ISDIR(info.st_mode)) {
      const int why = fd_ < 0 ? errno : EISDIR;
      throw CLI::ValidationError("FILE", fmt::format("expected a file to read, but {}: {}", name,
                                                     std::generic_category().message(why)));
    }
    if (S_ISREG(info.st_mode)) size_ = static_cast<std::uint64_t>(info.st_size);
  }
  ~InputFile() {
    if (fd_ > STDIN_FILENO) ::close(fd_);
  }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  std::size_t read(char* to, std::size_t bytes) const {
    for (;;) {
      const ssize_t got = ::read(fd_, to, bytes);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "the input cannot be read");
    }
  }
  /// Nothing for a pipe.
  [[nodiscard]] std::optional<std::uint64_t> size() const { return size_; }

 private:
  int fd_;
  std::optional<std::uint64_t> size_;
};

/// The sentence of a problem; of anything else, its beginning.
std::string detail_of(const ClientResponse& response) {
  json::error_code error;
  const json::value value = json::parse(response.body, error);
  if (!error && value.is_object()) {
    if (const auto* detail = value.as_object().if_contains("detail"); detail && detail->is_string()) {
      return fmt::format("{}: {}", response.status, std::string_view(detail->as_string()));
    }
  }
  return fmt::format("{} {}", response.status, response.body.substr(0, 200));
}

class Submission {
 public:
  Submission(const SubmitAsk& ask, const ServerUrl& server, const CommandLine& line)
      : ask_(ask),
        people_(line.for_people),
        programs_(line.for_programs),
        file_(ask.file),
        lines_([this](char* to, std::size_t bytes) { return file_.read(to, bytes); }),
        client_(client_of(server)),
        backoff_(std::chrono::seconds(ask.wait_seconds)),
        progress_(stderr) {}

  Exit run() {
    CommandBatch current = prepare();
    try {
      begin(current);
      while (!current.empty()) {
        CommandBatch following = prepare();
        finish(current);
        begin(following);
        print(current);
        current = std::move(following);
        show_progress();
      }
    } catch (const GaveUp& error) {
      print(current);
      progress_.tell(total());
      progress_.tell(say(people_, message::submit_gave_up, error.what()));
      return Exit::unavailable;
    }
    progress_.tell(total());
    return refused_ == 0 ? Exit::done : Exit::refused;
  }

 private:
  CommandBatch prepare() {
    CommandBatch batch;
    for (;;) {
      if (held_.empty()) {
        switch (lines_.next(held_)) {
          case LineReader::Got::end: return batch;
          case LineReader::Got::too_long:
            held_.clear();
            batch.add_answered(
                refusal(http::ProblemKind::too_large, message::a_shorter_line, message::a_line_too_long, {}));
            continue;
          case LineReader::Got::line: break;
        }
        if (lacks_id(held_)) {
          if (!ask_.allow_without_id) {
            held_.clear();
            batch.add_answered(
                refusal(http::ProblemKind::malformed, message::an_id_to_repeat, message::none_there, "id"));
            continue;
          }
          // With an id of its own the line can at least be sent again within this run.
          held_ = with_id(held_, to_string(uuid_v7(clock_.now(), chance_.next(), chance_.next())));
        }
      }
      if (batch.size() >= batch_lines_max || !batch.add(held_)) return batch;
      held_.clear();
    }
  }

  std::string refusal(http::ProblemKind kind, const Message<>& expected, const Message<>& found,
                      std::string field) const {
    http::Problem problem;
    problem.kind = kind;
    problem.detail = say(programs_, message::expected_but, say(programs_, expected), say(programs_, found));
    problem.field = std::move(field);
    std::string out;
    http::append_problem(out, problem, to_http(programs_));
    return out;
  }

  /// Sends and does not wait; what goes wrong is seen by `finish`, which tries again.
  void begin(const CommandBatch& batch) {
    if (batch.open() == 0) return;
    under_way_ = std::min(batch.open(), lines_at_once_);
    const std::string body = batch.body(under_way_);
    try {
      client_.send("POST", commands_path,
                   {{"Content-Type", "application/x-ndjson"},
                    {"Accept-Language", programs_ == Language::de ? "de" : "en"}},
                   body);
    } catch (const ServerUnavailable& error) {
      under_way_ = 0;
      trouble_ = error.what();
    }
  }

  /// Until every line has its final answer.
  void finish(CommandBatch& batch) {
    while (batch.open() > 0) {
      if (under_way_ == 0 && trouble_.empty()) begin(batch);
      if (under_way_ == 0) {
        try_later(std::exchange(trouble_, {}), std::nullopt);
        continue;
      }
      const std::size_t lines = std::exchange(under_way_, 0);
      try {
        take(batch, lines, client_.receive());
      } catch (const ServerUnavailable& error) { trouble_ = error.what(); }
    }
  }

  void take(CommandBatch& batch, std::size_t lines, const ClientResponse& response) {
    const auto retry_after = response.header("retry-after");
    switch (response.status) {
      case 200: {
        const auto finished = batch.take(response.body, lines);
        if (!finished) throw GaveUp(say(people_, message::another_count_of_answers));
        if (*finished > 0) backoff_.succeeded();
        // As many as before the server found them too many.
        if (*finished == lines)
          lines_at_once_ = batch_lines_max;
        else
          try_later(say(people_, message::lines_undecided, lines - *finished), std::nullopt);
        return;
      }
      case 408:
      case 429:
      case 503:
        try_later(detail_of(response), retry_after ? parse_retry_after(*retry_after) : std::nullopt);
        return;
      case 413:
        if (lines == 1)
          batch.refuse_first(response.body);
        else
          lines_at_once_ = lines / 2;
        return;
      default: throw GaveUp(detail_of(response));
    }
  }

  void try_later(const std::string& why, std::optional<milliseconds> retry_after) {
    const auto wait = backoff_.failed(milliseconds(monotonic_ms()), retry_after);
    if (!wait) throw GaveUp(why);
    if (why != told_) progress_.tell(say(people_, message::submit_waits, why));
    told_ = why;
    std::this_thread::sleep_for(*wait);
  }

  void print(const CommandBatch& batch) {
    out_.clear();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const CommandBatch::Answered answer = batch.answer(i);
      if (answer.text.empty()) continue;
      switch (answer.verdict) {
        case Verdict::accepted: ++accepted_; break;
        case Verdict::repeated: ++repeated_; break;
        case Verdict::refused: ++refused_; break;
        case Verdict::later: break;
      }
      if (ask_.quiet && (answer.verdict == Verdict::accepted || answer.verdict == Verdict::repeated))
        continue;
      out_.append(answer.text).push_back('\n');
    }
    if (std::fwrite(out_.data(), 1, out_.size(), stdout) != out_.size() || std::fflush(stdout) != 0) {
      throw std::system_error(errno, std::generic_category(), "the answers cannot be written");
    }
    told_.clear();
  }

  [[nodiscard]] std::uint64_t answered() const { return accepted_ + repeated_ + refused_; }

  void show_progress() {
    if (!progress_.due()) return;
    std::string text = say(people_, message::submit_progress, answered(),
                           per_second(answered(), progress_.elapsed()), refused_);
    if (file_.size() && *file_.size() > 0) {
      text += fmt::format(" · {} %", std::min<std::uint64_t>(100, lines_.bytes() * 100 / *file_.size()));
    }
    progress_.show(text);
  }

  std::string total() const {
    return say(people_, message::submit_total, answered(),
               static_cast<double>(progress_.elapsed().count()) / 1000,
               per_second(answered(), progress_.elapsed()), accepted_, repeated_, refused_);
  }

  const SubmitAsk& ask_;
  Language people_, programs_;
  InputFile file_;
  LineReader lines_;
  HttpClient client_;
  Backoff backoff_;
  ProgressLine progress_;
  SystemClock clock_;
  SystemChance chance_;
  std::string held_;  ///< a line that did not fit into the batch before
  std::string out_, trouble_, told_;
  std::size_t under_way_ = 0;  ///< lines of the request that has no answer yet
  std::size_t lines_at_once_ = batch_lines_max;
  std::uint64_t accepted_ = 0, repeated_ = 0, refused_ = 0;
};

}  // namespace

void add_submit(CommandLine& line) {
  auto ask = std::make_shared<SubmitAsk>();
  CLI::App* command =
      line.app.add_subcommand("submit", "Send commands (NDJSON) and print an answer for each line");
  command->add_option("file", ask->file, "NDJSON, a command a line; - is standard input")->required();
  add_server_option(*command, ask->server);
  command->add_option("--wait", ask->wait_seconds, "Seconds to wait for a server that does not answer")
      ->capture_default_str()
      ->check(CLI::Range(0U, 86'400U));
  command->add_flag("--quiet", ask->quiet, "Print only the lines that were refused");
  command->add_flag("--allow-without-id", ask->allow_without_id,
                    "Give an id to commands that have none; submitted again they are recorded again");
  command->callback(
      [ask, &line] { line.status = Submission(*ask, *parse_server_url(ask->server), line).run(); });
}

}  // namespace geleit
