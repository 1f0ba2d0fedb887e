// The rules of the tree that no compiler knows: who includes whom, where a foreign library may be named, who
// may ask the machine for time or chance, how files are called and where they lie. Each check reads the files
// themselves, so a breach says file, line and the rule. Runs at the top of the checkout.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::string_literals;
namespace fs = std::filesystem;

// ---------------------------------------------------------------- the tree

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  if (!pipe) throw std::runtime_error("expected to run '" + command + "', but no pipe could be opened");
  std::string output;
  std::array<char, 4096> chunk{};
  while (const auto got = std::fread(chunk.data(), 1, chunk.size(), pipe.get()))
    output.append(chunk.data(), got);
  return output;
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) parts.push_back(part);
  return parts;
}

// Every file that belongs to the tree, by its path from the top: what git knows or would add; in an unpacked
// archive, which has no .git, all files but those of builds.
std::vector<std::string> list_files() {
  std::vector<std::string> paths;
  if (fs::exists(".git")) {
    for (const auto& path : split(
             output_of("git -c core.quotePath=off ls-files --cached --others --exclude-standard -z"), '\0')) {
      if (fs::is_regular_file(path)) paths.push_back(path);
    }
  } else {
    const std::regex not_ours(
        R"((build(-[^/]*)?|data(-[^/]*)?|tests/\.venv|(.*/)?(__pycache__|node_modules|\.hypothesis))(/.*)?)");
    for (auto entry = fs::recursive_directory_iterator("."); entry != fs::recursive_directory_iterator();
         ++entry) {
      const auto path = entry->path().lexically_normal().generic_string();
      if (std::regex_match(path, not_ours)) {
        entry.disable_recursion_pending();
      } else if (entry->is_regular_file()) {
        paths.push_back(path);
      }
    }
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

const std::vector<std::string>& files() {
  static const auto paths = list_files();
  return paths;
}

const std::vector<std::string>& lines_of(const std::string& path) {
  static std::map<std::string, std::vector<std::string>> read;
  const auto found = read.find(path);
  if (found != read.end()) return found->second;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  return read[path] = split(all.str(), '\n');
}

std::string first_folder(std::string_view path) {
  const auto slash = path.find('/');
  return slash == std::string_view::npos ? ""s : std::string(path.substr(0, slash));
}

std::string extension(const std::string& path) { return fs::path(path).extension().string(); }

bool is_cpp(const std::string& path) { return extension(path) == ".cc" || extension(path) == ".h"; }

bool is_shell(const std::string& path) {
  if (extension(path) == ".sh") return true;
  if (!extension(path).empty() || lines_of(path).empty()) return false;
  const auto& first = lines_of(path).front();
  return first.starts_with("#!") && (first.ends_with("bash") || first.ends_with("/sh"));
}

bool is_source(const std::string& path) {
  return is_cpp(path) || is_shell(path) || extension(path) == ".py" || extension(path) == ".capnp" ||
         extension(path) == ".cmake" || path == "CMakeLists.txt";
}

// This file names what it forbids.
bool is_this_file(const std::string& path) { return path == "tests/tidy_test.cc"; }

// `line` without what follows `//`, and without what stands between quotes: what the compiler acts on.
std::string code_of(const std::string& line) {
  static const std::regex quoted(R"("([^"\\]|\\.)*")");
  const auto code = std::regex_replace(line, quoted, "\"\"");
  return code.substr(0, code.find("//"));
}

void breach(const std::string& path, std::size_t index, const std::string& rule) {
  ADD_FAILURE() << path << ":" << index + 1 << ": " << rule << "\n  " << lines_of(path)[index];
}

struct Include {
  std::string from;
  std::size_t line;
  std::string of;
  bool angled;
};

std::vector<Include> includes() {
  static const std::regex form(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"].*)re");
  std::vector<Include> found;
  for (const auto& path : files()) {
    if (!is_cpp(path)) continue;
    const auto& lines = lines_of(path);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      std::smatch match;
      if (std::regex_match(lines[i], match, form)) found.push_back({path, i, match[2], match[1] == "<"});
    }
  }
  return found;
}

// ---------------------------------------------------------------- who includes whom

TEST(Tidy, TheTreeWasFound) {
  // Every other check passes on an empty tree.
  ASSERT_GT(files().size(), 20u);
  ASSERT_TRUE(fs::exists("CMakeLists.txt")) << "expected to run at the top of the checkout";
  EXPECT_GT(includes().size(), 50u);
}

TEST(Tidy, DataOnlyMovesDownstream) {
  const std::vector<std::string> river{"schema", "events", "projections", "services"};
  const auto place = [&](const std::string& path) {
    return std::find(river.begin(), river.end(), first_folder(path)) - river.begin();
  };
  const auto end = static_cast<std::ptrdiff_t>(river.size());
  for (const auto& include : includes()) {
    if (include.angled || place(include.from) == end) continue;
    if (first_folder(include.of) == "tests") {
      breach(include.from, include.line, "the product never includes a test");
    } else if (place(include.of) != end && place(include.of) > place(include.from)) {
      breach(include.from, include.line, "schema <- events <- projections <- services, never the other way");
    }
  }
}

TEST(Tidy, AServiceNeverIncludesAnother) {
  // services/<area>/… may use its own area, services/http and the small files beside the areas; those small
  // files may use services/http. Only what puts the program together knows every area.
  const std::regex puts_together(R"(services/(main\.cc|service\.(cc|h)|\w+_command\.cc))");
  for (const auto& include : includes()) {
    if (first_folder(include.from) != "services" || first_folder(include.of) != "services") continue;
    if (std::regex_match(include.from, puts_together)) continue;
    const auto from = split(include.from, '/');
    const auto of = split(include.of, '/');
    const bool of_small_file = of.size() == 2;
    if (of_small_file || of[1] == "http" || (from.size() > 2 && from[1] == of[1])) continue;
    breach(include.from, include.line,
           "a service never includes another, save services/http and the files beside it");
  }
}

TEST(Tidy, IncludesAreWrittenFromTheTop) {
  for (const auto& include : includes()) {
    if (!include.angled && first_folder(include.of).empty()) {
      breach(include.from, include.line, "expected a path from the top of the tree");
    }
  }
}

// ---------------------------------------------------------------- foreign libraries

struct ForeignLibrary {
  std::string name;
  std::string header;  // its headers, as a regular expression
  std::string places;  // the files that may include them, as a regular expression
};

const std::vector<ForeignLibrary>& foreign_libraries() {
  static const std::vector<ForeignLibrary> libraries{
      {"RocksDB", R"(rocksdb/.*)",
       R"(events/(embedded_log|rocks_).*|projections/store.*|services/key_store.*|)"
       R"(tests/(faulty_disk|older_tables)\.h)"},
      {"librdkafka", R"(librdkafka/.*)", R"(events/kafka_.*)"},
      {"Cap'n Proto", R"((capnp|kj)/.*|schema/.*\.capnp\.h)",
       R"((events|projections)/(.*/)?\w*codec\.(cc|h))"},
      {"Boost.Beast and Boost.Asio", R"(boost/(beast|asio).*)",
       R"(services/http/.*|services/http_client\.cc|services/signals\.cc)"},
      {"libsodium", R"(sodium.*)", R"(services/(seal|key_store|signing|keyed_hash)\.cc)"},
      {"Hinnant's date", R"(date/.*)", R"(events/civil_time\.cc|tests/unit/civil_time_test\.cc)"},
      {"toml++", R"(toml.*)",
       R"(projections/rules/toml_fields\.h|services/simulate/priors\.cc|)"
       R"(services/(config|settings_file)\.cc|services/alert_table\.h)"},
      {"CLI11", R"(CLI/.*)",
       R"(services/main\.cc|services/command_line\.h|services/(.*/)?\w+_command\.(cc|h))"},
      {"prometheus-cpp", R"(prometheus/.*)", R"(services/http/metrics\.cc)"},
      {"OpenSSL", R"(openssl/.*)", R"(events/(sha256|uuid)\.cc|services/alert/signature\.cc)"},
      {"libcurl", R"(curl/.*)", R"(services/alert/transfer\.cc)"},
      {"libxlsxwriter", R"(xlsxwriter.*)", R"(services/query/spreadsheet\.cc)"},
      {"libical", R"(libical/.*)", R"(services/calendar/calendar_text\.cc)"},
      {"SQLite", R"(sqlite3.*)", R"(services/audit/sqlite_file\.cc)"},
      {"libzip", R"(zip(conf)?\.h)", R"(services/audit/zip_file\.cc)"},
      {"a test library", R"((gtest|gmock|benchmark)/.*|rapidcheck.*)", R"(tests/.*)"},
      {"nlohmann/json (Boost.JSON is ours)", R"(nlohmann/.*)", R"()"},
  };
  return libraries;
}

TEST(Tidy, AForeignLibraryIsKnownByOnePlace) {
  for (const auto& library : foreign_libraries()) {
    const std::regex header(library.header);
    const std::regex places(library.places);
    for (const auto& include : includes()) {
      if (std::regex_match(include.of, header) && !std::regex_match(include.from, places)) {
        breach(include.from, include.line, library.name + " is not included here (DESIGN: one place each)");
      }
    }
  }
}

// ---------------------------------------------------------------- time and chance

struct MachineQuestion {
  std::string what;
  std::string code;    // how it is asked, as a regular expression on code without comments and strings
  std::string places;  // the files that may ask, as a regular expression
};

const std::vector<MachineQuestion>& machine_questions() {
  static const std::vector<MachineQuestion> questions{
      {"the time of day",
       R"(\b(system_clock|utc_clock|file_clock)\b|\b(std::time|gettimeofday|clock_gettime)\s*\(|)"
       R"(\btime\s*\(\s*(0|NULL|nullptr)\s*\))",
       R"(services/clock\..*|services/main\.cc)"},
      // To measure how long something took, or to give up after a while, is no question of date.
      {"a stop watch", R"(\b(steady_clock|high_resolution_clock)\b)",
       R"(services/clock\..*|services/main\.cc|services/http/.*|services/http_client\.cc|)"
       R"(services/(.*/)?\w+_command\.cc|events/embedded_log\.cc|events/kafka_writer\.(cc|h)|tests/.*)"},
      {"chance", R"(\brandom_device\b|\b(getrandom|getentropy|srand|rand|arc4random|RAND_bytes)\s*\()",
       R"(services/clock\..*|services/main\.cc)"},
      // Nor is it to wait, within bounds, for another process's lock or until the tables have read on.
      {"sleep", R"(\bsleep_(for|until)\b|\b(usleep|nanosleep|sleep)\s*\()",
       R"(services/(\w+_command|http_client|access_log|privacy)\.cc|events/memory_log\.cc|tests/.*)"},
  };
  return questions;
}

TEST(Tidy, OnlyTheClockAndMainAskTheMachineForTimeOrChance) {
  for (const auto& question : machine_questions()) {
    const std::regex code(question.code);
    const std::regex places(question.places);
    for (const auto& path : files()) {
      if (!is_cpp(path) || is_this_file(path) || std::regex_match(path, places)) continue;
      const auto& lines = lines_of(path);
      for (std::size_t i = 0; i < lines.size(); ++i) {
        if (std::regex_search(code_of(lines[i]), code)) {
          breach(path, i, "asks the machine for " + question.what + "; take it as an argument");
        }
      }
    }
  }
}

// ---------------------------------------------------------------- the line itself

TEST(Tidy, NothingIsLeftForLaterInTheCode) {
  const std::regex later(R"(\b(TODO|FIXME|XXX|HACK)\b)");
  for (const auto& path : files()) {
    if (!is_source(path) || is_this_file(path)) continue;
    const auto& lines = lines_of(path);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (std::regex_search(lines[i], later)) breach(path, i, "do it, or write an issue");
    }
  }
}

TEST(Tidy, NoPathOfOneMachine) {
  const std::regex machine(R"((^|[^\w./-])/(work|root|home|Users)/)");
  for (const auto& path : files()) {
    if (is_this_file(path)) continue;
    const auto& lines = lines_of(path);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (std::regex_search(lines[i], machine)) breach(path, i, "a path that only one machine has");
    }
  }
}

// How many columns a line of UTF-8 takes: its bytes but for the continuing ones.
std::size_t columns(const std::string& line) {
  return static_cast<std::size_t>(std::count_if(
      line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

TEST(Tidy, LinesFitIn110Columns) {
  constexpr std::size_t columns_max = 110;
  for (const auto& path : files()) {
    if (!is_source(path)) continue;
    const auto& lines = lines_of(path);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      // The path of an include cannot be broken.
      if (columns(lines[i]) > columns_max && !lines[i].starts_with("#include")) {
        breach(path, i, std::to_string(columns(lines[i])) + " columns");
      }
      if (lines[i].ends_with(' ') || lines[i].ends_with('\r') || lines[i].find('\t') != std::string::npos) {
        breach(path, i, "a tab, a blank at the end or a carriage return");
      }
    }
  }
}

TEST(Tidy, EveryHeaderIsIncludedOnce) {
  for (const auto& path : files()) {
    if (extension(path) != ".h") continue;
    const auto& lines = lines_of(path);
    EXPECT_NE(std::find(lines.begin(), lines.end(), "#pragma once"), lines.end())
        << path << ": expected #pragma once";
  }
}

TEST(Tidy, ASwitchOverEventsNamesEveryOne) {
  // Overloads and switches over what happened list all events, so that a new one does not compile before it
  // is thought of everywhere. A `default:` or a generic lambda would swallow it.
  const std::regex swallows(
      R"(\bdefault\s*:|\[[^\]]*\]\s*\(\s*(const\s+)?auto\s*&?&?\s*\w*\s*\)\s*(->\s*\w+\s*)?\{\s*\})");
  for (const auto& path : files()) {
    if (!is_cpp(path) || !(first_folder(path) == "projections" || path.starts_with("events/codec") ||
                           path.starts_with("services/intake/decide"))) {
      continue;
    }
    const auto& lines = lines_of(path);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (std::regex_search(code_of(lines[i]), swallows))
        breach(path, i, "name every case, so that a new one is noticed");
    }
  }
}

// ---------------------------------------------------------------- files and folders

TEST(Tidy, TheTopLevelIsFixed) {
  const std::set<std::string> fixed{"CMakeLists.txt", "README.md", "deploy",   "events",
                                    "projections",    "schema",    "services", "tests"};
  std::set<std::string> found;
  for (const auto& path : files()) found.insert(split(path, '/').front());
  for (const auto& name : found) {
    EXPECT_TRUE(name.starts_with('.') || fixed.contains(name))
        << name << " is not one of the fixed names of the top level";
  }
  for (const auto& name : fixed) EXPECT_TRUE(found.contains(name)) << name << " is missing at the top level";
}

TEST(Tidy, EveryFolderOfTheTopLevelHasAReadme) {
  std::set<std::string> folders;
  for (const auto& path : files()) folders.insert(first_folder(path));
  for (const auto& folder : folders) {
    if (folder.empty() || folder.starts_with('.')) continue;
    EXPECT_TRUE(fs::exists(folder + "/README.md")) << folder << "/README.md is missing";
  }
}

TEST(Tidy, TheReadmeIsADoor) {
  constexpr std::size_t lines_max = 150;
  ASSERT_TRUE(fs::exists("README.md"));
  EXPECT_LE(lines_of("README.md").size(), lines_max);
}

TEST(Tidy, ReadmesPointAtWhatIsThere) {
  const std::regex link(R"(\]\(([^)#\s]+)[^)]*\))");
  for (const auto& path : files()) {
    if (extension(path) != ".md") continue;
    const auto& lines = lines_of(path);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      for (std::sregex_iterator each(lines[i].begin(), lines[i].end(), link), none; each != none; ++each) {
        const auto target = (*each)[1].str();
        if (target.find("://") != std::string::npos) continue;
        if (!fs::exists(fs::path(path).parent_path() / target))
          breach(path, i, "points at nothing: " + target);
      }
    }
  }
}

TEST(Tidy, FilesAreToldApartByTheirNameAlone) {
  const std::set<std::string> may_repeat{"README.md",  "run",          "conftest.py",      "__init__.py",
                                         ".gitignore", "package.json", "package-lock.json"};
  std::map<std::string, std::vector<std::string>> by_name;
  for (const auto& path : files()) {
    // The files of a database are called as it calls them.
    if (!path.starts_with("tests/golden/directory-"))
      by_name[fs::path(path).filename().string()].push_back(path);
  }
  for (const auto& [name, paths] : by_name) {
    if (paths.size() == 1 || may_repeat.contains(name)) continue;
    std::string all;
    for (const auto& path : paths) all += "\n  " + path;
    ADD_FAILURE() << "the same file name more than once:" << all;
  }
}

// ---------------------------------------------------------------- nothing is left out

std::string cmake_text() {
  std::string text;
  for (const auto& line : lines_of("CMakeLists.txt")) text += line.substr(0, line.find('#')) + "\n";
  return text;
}

bool names_word(const std::string& text, const std::string& word) {
  const auto part_of_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '/' || c == '.';
  };
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const bool begins = at == 0 || !part_of_word(text[at - 1]);
    const auto after = at + word.size();
    const bool ends = after == text.size() || !part_of_word(text[after]);
    if (begins && ends) return true;
  }
  return false;
}

TEST(Tidy, EveryTestProgramIsRegistered) {
  const auto cmake = cmake_text();
  for (const auto& path : files()) {
    if (first_folder(path) != "tests" || !(path.ends_with("_test.cc") || path.ends_with("_bench.cc")))
      continue;
    const auto name = path.substr("tests/"s.size(), path.size() - "tests/.cc"s.size());
    EXPECT_TRUE(names_word(cmake, name)) << path << " is not registered in CMakeLists.txt";
  }
}

TEST(Tidy, EverySourceIsBuilt) {
  const auto cmake = cmake_text();
  for (const auto& path : files()) {
    const auto folder = first_folder(path);
    if (extension(path) != ".cc" || folder == "tests" || folder.empty()) continue;
    EXPECT_TRUE(names_word(cmake, path)) << path << " is not listed in CMakeLists.txt";
  }
}

TEST(Tidy, EveryPythonTestIsCollected) {
  const std::regex defines_test(R"(\s*(async\s+)?def test_\w+\(.*)");
  for (const auto& path : files()) {
    if (extension(path) != ".py") continue;
    const auto name = fs::path(path).filename().string();
    const bool collected =
        path.starts_with("tests/e2e/") && (name.ends_with("_test.py") || name.starts_with("test_"));
    const auto& lines = lines_of(path);
    const bool has_tests = std::any_of(
        lines.begin(), lines.end(), [&](const auto& line) { return std::regex_match(line, defines_test); });
    EXPECT_EQ(has_tests, collected) << path
                                    << (has_tests ? " has tests that pytest does not collect"
                                                  : " is collected, but has no test");
  }
}

}  // namespace
