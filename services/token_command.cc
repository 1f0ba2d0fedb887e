#include "services/token_command.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "projections/rules/settings.h"
#include "services/access_log.h"
#include "services/clock.h"
#include "services/command_options.h"
#include "services/kafka_keys.h"
#include "services/open_parts.h"
#include "services/text_table.h"
#include "services/token_book.h"

namespace geleit {
namespace {

struct TokenAsk {
  DirectoryOptions where;
  std::string provider, name, expires, id;
  bool all_providers = false, json = false;
  std::vector<std::string> roles;
};

/// The book of an installation, as a tool beside its services opens it.
class OpenedTokens {
 public:
  explicit OpenedTokens(const DataDirectory& data) {
    if (data.kafka) {
      keys_ = open_kafka_keys_read_only(data.kafka->address, data.kafka->settings, data.master_key());
      book_ = token_topic(*keys_);
    } else {
      std::filesystem::create_directories(data.dir);
      book_ = token_file(data.tokens());
    }
  }
  [[nodiscard]] TokenBook& book() { return *book_; }

 private:
  std::unique_ptr<KafkaKeys> keys_;
  std::unique_ptr<TokenBook> book_;
};

/// What cannot be read or written ends the command with status 3.
void with_book(const TokenAsk& ask, CommandLine& line, const std::function<void(TokenBook&)>& act) {
  // As a service's own files.
  ::umask(077);
  try {
    OpenedTokens opened(ask.where.directory());
    act(opened.book());
  } catch (const TokenBookFailed& failed) {
    fmt::print(stderr, "geleit token: {}\n", failed.what());
    line.status = Exit::unavailable;
  }
}

TokenWish wish_of(const TokenAsk& ask) {
  if (ask.provider.empty() != ask.all_providers)
    throw CLI::ValidationError("--provider", "expected one of --provider and --all-providers");
  TokenWish wish;
  wish.name = ask.name;
  wish.made_by = "os:" + os_user();
  if (!ask.all_providers) wish.provider = ask.provider;
  for (const std::string& role : ask.roles) wish.roles.add(*parse_word<AccessRole>(role));
  if (wish.provider && wish.roles.has(AccessRole::operator_))
    throw CLI::ValidationError("--role", "expected operator with --all-providers only");
  if (!ask.expires.empty()) {
    wish.expires = parse_expiry(ask.expires);
    if (*wish.expires <= SystemClock().now())
      throw CLI::ValidationError("--expires",
                                 "expected a day or an instant yet to come, but it is " + ask.expires);
  }
  return wish;
}

void create(const TokenAsk& ask, CommandLine& line) {
  const TokenWish wish = wish_of(ask);
  with_book(ask, line, [&](TokenBook& book) {
    const Instant now = SystemClock().now();
    SystemChance chance;
    const NewToken made = mint_token(wish, now, chance);
    book.put(made.token);
    const bool first = book.all()->size() == 1;
    fmt::print("{}\n", ask.json ? token_json(made.token, now, made.text) : made.text);
    fmt::print(stderr, "{}\n",
               say(line.for_people, message::token_made, std::string_view(made.token.id),
                   std::string_view(made.token.name)));
    if (first) fmt::print(stderr, "{}\n", say(line.for_people, message::first_token));
  });
}

void list_tokens(const TokenAsk& ask, CommandLine& line) {
  with_book(ask, line, [&](TokenBook& book) {
    std::vector<std::string> rows;
    for (const Token& token : oldest_first(*book.all()))
      rows.push_back(token_json(token, SystemClock().now()));
    if (ask.json) {
      fmt::print("{}", json_list(rows));
    } else if (rows.empty()) {
      fmt::print(stderr, "{}\n", say(line.for_people, message::no_tokens));
    } else {
      fmt::print("{}", lay_out_rows(std::vector<std::string_view>(rows.begin(), rows.end())));
    }
  });
}

void revoke(const TokenAsk& ask, CommandLine& line) {
  with_book(ask, line, [&](TokenBook& book) {
    const auto all = book.all();
    const std::string_view id = ask.id;
    const auto found = all->find(id);
    if (found == all->end()) {
      fmt::print(stderr, "geleit token: {}\n", say(line.for_people, message::token_unknown, id));
      line.status = Exit::refused;
      return;
    }
    Token token = found->second;
    if (!token.revoked) {
      token.revoked = SystemClock().now();
      token.revoked_by = "os:" + os_user();
      book.put(token);
    }
    fmt::print("{}\n", say(line.for_people, message::token_revoked, id));
  });
}

}  // namespace

void add_token(CommandLine& line) {
  auto* command =
      line.app.add_subcommand("token", "Who may come in; without tokens, who reaches this machine");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, void (*act)(const TokenAsk&, CommandLine&)) {
    auto ask = std::make_shared<TokenAsk>();
    auto* sub = command->add_subcommand(name, what);
    add_directory_options(*sub, ask->where);
    sub->callback([&line, ask, act] { act(*ask, line); });
    return std::pair(sub, ask);
  };
  auto [made, wished] = add("create", "Make one; its text is shown once", create);
  made->add_option("--provider", wished->provider, "The provider whose cases there are for it")
      ->check(expecting("a slug such as hana-muenchen", "SLUG", is_provider_slug));
  made->add_flag("--all-providers", wished->all_providers, "Those of all providers");
  made->add_option("--role", wished->roles,
                   "What it may do; may be repeated: " + names_of(AccessRoles::all()))
      ->required()
      ->check(expecting("one of " + names_of(AccessRoles::all()), "ROLE",
                        [](const std::string& text) { return parse_word<AccessRole>(text).has_value(); }));
  made->add_option("--name", wished->name, "Whose it is, a slug such as m.roth; stands in what is recorded")
      ->check(expecting("a slug such as m.roth", "SLUG", is_access_word));
  made->add_option("--expires", wished->expires,
                   "The last day, or an instant; without it until it is revoked")
      ->check(expecting("a day or an instant", "DATE",
                        [](const std::string& text) { return parse_expiry(text).has_value(); }));
  made->add_flag("--json", wished->json, "As JSON");
  auto [listed, all] = add("list", "All there are, without their texts", list_tokens);
  listed->add_flag("--json", all->json, "As JSON");
  auto [revoked, gone] = add("revoke", "End one; nobody comes in with it any more", revoke);
  revoked->add_option("TOKEN", gone->id, "As list shows it")->required();
}

}  // namespace geleit
