// An audit bundle: what a log tells of one provider in a range of days, in a form that an auditor can read
// and check without Geleit. Made from the log alone; the same range of the same log gives the same bytes, by
// the same program. README.md, Audit bundle, has its parts.
//
//   log ─▶ ProviderRecords ─┬─▶ events.ndjson, rules/, geleit.sqlite (events)
//                           └─▶ rebuild into a scratch store ─▶ tables/*.csv, geleit.sqlite
//                               all files ─▶ manifest.json, SHA256SUMS ─▶ ZIP
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "projections/rules/catalogue.h"
#include "services/audit/provider_records.h"
#include "services/audit/signed_head.h"
#include "services/event_json.h"
#include "services/key_store.h"

namespace geleit {

/// First octets of the SQLite file's application_id: "Gele".
inline constexpr std::int32_t bundle_application_id = 0x47656c65;
inline constexpr std::string_view bundle_format = "geleit-audit-bundle-1";

/// What a bundle is asked for.
struct BundleAsk {
  std::string provider;
  CivilDate from, to;  ///< days in Berlin, inclusive, by when a record was recorded
  std::string purpose;
  Language language = Language::de;  ///< of sentences in the tables
  CivilDate today;                   ///< by the clock: tables of a range that is not over show it
  std::string program;               ///< name and version
};
/// From the first day's midnight to the one after the last.
[[nodiscard]] RecordedRange range_of(const BundleAsk& ask);

/// What became of it.
struct BundleContents {
  std::uint64_t events = 0;  ///< of the provider's cases
  std::uint64_t before_range = 0;
  std::uint64_t cases = 0;
  std::uint64_t rows = 0;  ///< of all tables
  std::uint64_t settings = 0;
  std::uint64_t stale = 0;
  std::uint64_t keys_gone = 0;  ///< cases
  std::uint64_t parked = 0;
  std::uint64_t foreign = 0;
  std::uint64_t proofs = 0;        ///< cases of which the bundle has one
  std::uint64_t beyond_heads = 0;  ///< cases with records that no signed head covers yet
  bool opened = false;             ///< keys could be read
  bool final = true;
  CivilDate tables_on;
};

/// What it is made of.
struct BundleSources {
  const ReadableLog& log;
  const ProviderRecords& records;  ///< of that log
  std::span<const SignedHead> heads = {};
  const KeyStore* keys = nullptr;  ///< null: personal data stays sealed
};

/// Writes the bundle's ZIP to `to`, which must not exist. `scratch`
/// is an empty directory for what is needed meanwhile; clear text may stay in it after a failure. `told`
/// hears of every part that it begins. Throws ProofRefused where
/// the log is not the one that was signed, ZipFailed, SqliteFailed, RebuildStopped, and what store and
/// files throw.
BundleContents write_bundle(const BundleSources& sources, const BundleAsk& ask,
                            const std::filesystem::path& scratch, const std::filesystem::path& to,
                            const std::function<void(std::string_view part)>& told,
                            const std::stop_token& stop);

/// A line of events.ndjson without its end: the CloudEvent as `geleit export --records` tells it, and
/// `inrange`.
[[nodiscard]] std::string bundle_line(const ProviderRecords::Kept& kept, const Event& event,
                                      const LogInfo& log, bool in_range, const OpenSealed& open);
/// The lines of `SHA256SUMS`, as sha256sum writes and reads them: `files` with their hash, in the order
/// given.
void append_sum(std::string& out, const Hash& hash, std::string_view file);

}  // namespace geleit
