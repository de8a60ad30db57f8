#include "shard.h"

namespace whycam::cli {

std::uint64_t stable_hash(const std::string& bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;
  hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53;
  return hash ^ hash >> 33;
}

std::string Shard::text() const { return std::to_string(number) + "/" + std::to_string(count); }

std::string Shard::name() const { return std::to_string(number) + "-of-" + std::to_string(count); }

std::string Shard::file(const std::string& name, const std::string& ending) const {
  return is_all() ? name + ending : name + "-" + this->name() + ending;
}

std::optional<std::uint64_t> short_number(const std::string& text) {
  if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != std::string::npos) return {};
  if (text[0] == '0' && text.size() > 1) return {};
  return std::stoull(text);
}

namespace {

std::optional<Shard> shard_of(const std::string& number, const std::string& count) {
  const auto left = short_number(number), right = short_number(count);
  if (!left || !right || *left < 1 || *left > *right || *right > most_shards) return {};
  return Shard{*left, *right};
}

}  // namespace

std::optional<Shard> shard_named(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return {};
  return shard_of(text.substr(0, slash), text.substr(slash + 1));
}

std::optional<Shard> shard_of_file(const std::string& file, const std::string& name, const std::string& ending) {
  if (file == name + ending) return Shard();
  if (file.rfind(name + "-", 0) != 0 || file.size() < name.size() + 1 + ending.size() ||
      file.compare(file.size() - ending.size(), ending.size(), ending) != 0)
    return {};
  const std::string middle = file.substr(name.size() + 1, file.size() - name.size() - 1 - ending.size());
  const std::size_t between = middle.find("-of-");
  if (between == std::string::npos) return {};
  const auto shard = shard_of(middle.substr(0, between), middle.substr(between + 4));
  return shard && !shard->is_all() ? shard : std::nullopt;
}

}  // namespace whycam::cli
