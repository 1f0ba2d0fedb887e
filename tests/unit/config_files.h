// A configuration of a test, with the files beside it.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "services/config.h"
#include "tests/temporary_directory.h"

namespace geleit {

class ConfigFiles : public testing::Test {
 protected:
  TemporaryDirectory directory;
  const std::filesystem::path file = directory.path() / "geleit.toml";

  std::filesystem::path write(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    std::filesystem::path path = directory.path() / name;
    std::ofstream(path, std::ios::binary) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }
  Config read(const std::string& text) const {
    write("geleit.toml", text, 0644);
    return read_config(file);
  }
  /// Why it was refused, which begins with the file's name.
  std::string refusal(const std::string& text) const {
    try {
      (void)read(text);
    } catch (const ConfigRefused& refused) {
      const std::string why = refused.what();
      EXPECT_TRUE(why.starts_with(file.string())) << why;
      return why.substr(std::min(why.size(), file.string().size()));
    }
    ADD_FAILURE() << "expected a refusal of " << text;
    return {};
  }
  void expect_refused(const std::string& text, const std::string& because) const {
    const std::string why = refusal(text);
    EXPECT_NE(why.find(because), std::string::npos) << why;
  }
};

}  // namespace geleit
