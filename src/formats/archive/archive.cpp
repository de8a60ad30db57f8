// Sources: PKWARE's APPNOTE.TXT 6.3.10, and how miniz, which libtorch reads archives with, understands it.
#include "formats/archive/archive.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <set>

#include "whycam/errors.h"

namespace whycam::archive {
namespace {

constexpr std::uint32_t end_signature = 0x06054b50, locator_signature = 0x07064b50, end64_signature = 0x06064b50;
constexpr std::uint32_t entry_signature = 0x02014b50, local_signature = 0x04034b50;
constexpr std::uint64_t end_size = 22, locator_size = 20, end64_size = 56, entry_size = 46, local_size = 30;
constexpr std::uint16_t stored = 0, deflated = 8;
constexpr std::uint16_t encrypted = 1, sizes_follow = 8;
constexpr std::uint32_t in_extra_field = 0xFFFFFFFF;

constexpr std::uint64_t largest_directory = 64 << 20;
constexpr std::uint64_t chunk_size = 256 << 10;
/// Compressed records may unpack to this much, or to this many times the file's size.
constexpr std::uint64_t modest_unpacked_size = 64 << 20, largest_expansion = 16;

/// Little-endian numbers one after the other; past the end `ok` turns false and they are 0.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t number(std::size_t size) {
    const std::string_view digits = text(size);
    std::uint64_t value = 0;
    for (std::size_t i = digits.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(digits[i]);
    return value;
  }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  std::string_view text(std::size_t size) {
    ok = ok && size <= bytes_.size();
    if (!ok) return {};
    const std::string_view result = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return result;
  }
  std::size_t left() const { return bytes_.size(); }
  bool at_end() const { return bytes_.empty(); }

  bool ok = true;

 private:
  std::string_view bytes_;
};

Directory end_record(Fields fields) {
  fields.text(10);  // signature, disk numbers, entries on this disk
  const std::uint64_t entries = fields.u16();
  const std::uint64_t size = fields.u32();
  return {entries, size, fields.u32()};
}

Directory end64_record(Fields fields) {
  fields.text(32);  // signature, size, versions, disk numbers, entries on this disk
  const std::uint64_t entries = fields.u64();
  const std::uint64_t size = fields.u64();
  return {entries, size, fields.u64()};
}

/// Sizes and offset that did not fit 32 bits stand in an extra field, in this order.
bool read_extra_field(Fields extra, Record& record) {
  while (!extra.at_end() && extra.ok) {
    const std::uint16_t kind = extra.u16();
    Fields field(extra.text(extra.u16()));
    if (kind != 1) continue;
    for (std::uint64_t* value : {&record.size, &record.packed_size, &record.header_offset})
      if (*value == in_extra_field) *value = field.u64();
    if (!field.ok) return false;
  }
  return extra.ok;
}

bool read_entry(Fields& fields, Record& record) {
  if (fields.u32() != entry_signature) return false;
  fields.text(4);  // versions
  record.flags = fields.u16();
  record.method = fields.u16();
  fields.text(4);  // time and date
  record.checksum = fields.u32();
  record.packed_size = fields.u32();
  record.size = fields.u32();
  const std::size_t name_size = fields.u16(), extra_size = fields.u16(), comment_size = fields.u16();
  fields.text(8);  // disk, attributes
  record.header_offset = fields.u32();
  record.name = fields.text(name_size);
  const std::string_view extra = fields.text(extra_size);
  fields.text(comment_size);
  return fields.ok && read_extra_field(Fields(extra), record);
}

std::string lower_case(std::string text) {
  for (char& letter : text)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return text;
}

}  // namespace

Archive::Archive(const core::NetworkSource& source) : path_(source.path), memory_(source.bytes) {
  if (memory_) {
    file_size_ = memory_->size();
    read_directory();
    return;
  }
  file_.emplace(path_);
  if (!file_->is_open())
    throw ModelError("cannot read the network file " + path_.string() + ": " + std::strerror(errno));
  file_size_ = file_->size();
  read_directory();
}

void Archive::fail(const std::string& reason) const {
  throw ModelError("the network file " + path_.string() + " is damaged: " + reason + "; copy or export it again");
}

void Archive::fail(const Record& record, const std::string& reason) const {
  fail("the record \"" + record.name + "\" " + reason);
}

void Archive::read_bytes(std::uint64_t offset, std::uint64_t count, char* into) const {
  if (offset > file_size_ || count > file_size_ - offset) fail("it ends too early");
  if (memory_) {
    std::memcpy(into, memory_->data() + offset, count);
    return;
  }
  if (!file_->read(offset, count, into))
    fail(errno == 0 ? "it ends too early" : std::string("reading it failed: ") + std::strerror(errno));
}

std::string Archive::bytes_at(std::uint64_t offset, std::uint64_t count) const {
  if (offset > file_size_ || count > file_size_ - offset) fail("it ends too early");  // before memory is asked for
  std::string bytes(count, '\0');
  read_bytes(offset, count, bytes.data());
  return bytes;
}

/// By the record that ends the file, and the one before it where numbers did not fit 32 bits.
Directory Archive::find_directory() const {
  if (file_size_ < end_size) fail("it ends too early");
  std::uint64_t end = file_size_ - end_size;
  const std::string last = bytes_at(end, end_size);
  if (Fields(last).u32() != end_signature) fail("it does not end as a zip archive does, so its end is missing");
  Directory directory = end_record(Fields(last));
  const std::string locator = bytes_at(end - std::min(end, locator_size), std::min(end, locator_size));
  if (Fields(locator).u32() == locator_signature) {
    const std::uint64_t begin = Fields(locator.substr(8)).u64();
    const std::string end64 = bytes_at(begin, end64_size);
    if (begin != end - locator_size - end64_size || Fields(end64).u32() != end64_signature)
      fail("its zip64 end is not in its place");
    const Directory wide = end64_record(Fields(end64));
    const auto agree = [](std::uint64_t narrow, std::uint64_t value, std::uint64_t most) {
      return narrow == value || narrow == most;
    };
    if (!agree(directory.entries, wide.entries, 0xFFFF) || !agree(directory.size, wide.size, in_extra_field) ||
        !agree(directory.offset, wide.offset, in_extra_field))
      fail("its two ends contradict each other");
    directory = wide;
    end = begin;
  }
  if (directory.offset > end || directory.size != end - directory.offset) fail("its directory is not in its place");
  if (directory.size > largest_directory) fail("its directory takes " + std::to_string(directory.size) + " bytes");
  return directory;
}

void Archive::read_directory() {
  const Directory directory = find_directory();
  const std::string entries = bytes_at(directory.offset, directory.size);
  Fields fields(entries);
  while (!fields.at_end()) {
    Record record;
    record.name_offset = directory.offset + directory.size - fields.left() + entry_size;
    if (!read_entry(fields, record))
      fail("the entry behind " + std::to_string(records_.size()) + " others in its directory is corrupt");
    check_local_header(record);
    records_.push_back(std::move(record));
  }
  if (records_.size() != directory.entries || records_.empty())
    fail("its directory has " + std::to_string(records_.size()) + " records, not " + std::to_string(directory.entries));
  check_layout(directory.offset);
  check_unpacked_sizes();
}

/// Each record has a header of its own before its data, whose numbers may also be 0 and follow the data
/// instead.
void Archive::check_local_header(Record& record) const {
  if (record.flags & encrypted) fail(record, "is encrypted");
  if (record.method != stored && record.method != deflated) fail(record, "is compressed in an unknown way");
  if (record.method == stored && record.packed_size != record.size) fail(record, "has two sizes");
  const std::string header = bytes_at(record.header_offset, local_size);
  Fields fields(header);
  const bool signed_ = fields.u32() == local_signature;
  fields.text(2);  // version
  const std::uint16_t flags = fields.u16(), method = fields.u16();
  fields.text(4);  // time and date
  const std::uint32_t checksum = fields.u32(), packed_size = fields.u32(), size = fields.u32();
  const std::uint16_t name_size = fields.u16(), extra_size = fields.u16();
  const auto agree = [&](std::uint64_t here, std::uint64_t value) {
    return here == value || (here == 0 && flags & sizes_follow);
  };
  const auto agree_or_wide = [&](std::uint64_t here, std::uint64_t value) {
    return agree(here, value) || here == in_extra_field;
  };
  if (!signed_ || flags != record.flags || method != record.method || !agree(checksum, record.checksum) ||
      !agree_or_wide(packed_size, record.packed_size) || !agree_or_wide(size, record.size) ||
      name_size != record.name.size() || bytes_at(record.header_offset + local_size, name_size) != record.name)
    fail(record, "is described in two ways");
  record.data_offset = record.header_offset + local_size + name_size + extra_size;
}

void Archive::check_layout(std::uint64_t end) const {
  std::vector<const Record*> by_place;
  std::set<std::string> names;
  for (const Record& record : records_) {
    by_place.push_back(&record);
    // libtorch finds records by name without regard to case.
    if (!names.insert(lower_case(record.name)).second) fail(record, "is there twice");
  }
  std::sort(by_place.begin(), by_place.end(),
            [](const Record* one, const Record* other) { return one->header_offset < other->header_offset; });
  std::uint64_t free = 0;
  for (const Record* record : by_place) {
    if (record->header_offset < free) fail(*record, "overlaps another");
    if (record->data_offset > end || record->packed_size > end - record->data_offset)
      fail(*record, "does not fit the file");
    free = record->data_offset + record->packed_size;
  }
}

void Archive::check_unpacked_sizes() const {
  const std::uint64_t most = std::max(modest_unpacked_size, largest_expansion * file_size_);
  std::uint64_t unpacked = 0;
  for (const Record& record : records_) {
    if (record.method == stored) continue;
    if (record.size > most - unpacked)
      fail(record, "would unpack to " + std::to_string(record.size) + " bytes, far more than networks do");
    unpacked += record.size;
  }
}

void Archive::stream_packed(const Record& record, const Sink& sink) const {
  for (std::uint64_t done = 0; done < record.packed_size;) {
    const std::string chunk = bytes_at(record.data_offset + done, std::min(chunk_size, record.packed_size - done));
    sink(chunk);
    done += chunk.size();
  }
}

/// What the record holds, piece by piece; no more than its size.
void Archive::stream(const Record& record, const Sink& sink) const {
  if (record.method == stored) return stream_packed(record, sink);
  struct Inflater : z_stream {
    Inflater() : z_stream{} { ready = inflateInit2(this, -MAX_WBITS) == Z_OK; }
    ~Inflater() { inflateEnd(this); }
    bool ready;
  } inflater;
  if (!inflater.ready) throw std::bad_alloc();
  std::string unpacked(std::min(chunk_size, record.size + 1), '\0');
  std::uint64_t done = 0;
  int state = Z_OK;
  stream_packed(record, [&](std::string_view packed) {
    inflater.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    inflater.avail_in = static_cast<uInt>(packed.size());
    do {
      inflater.next_out = reinterpret_cast<Bytef*>(unpacked.data());
      inflater.avail_out = static_cast<uInt>(unpacked.size());
      state = inflate(&inflater, Z_NO_FLUSH);
      const std::size_t count = unpacked.size() - inflater.avail_out;
      done += count;
      if ((state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) || done > record.size)
        fail(record, "cannot be unpacked");
      sink({unpacked.data(), count});
    } while (inflater.avail_out == 0 && state != Z_STREAM_END);
  });
  if (state != Z_STREAM_END || done != record.size) fail(record, "cannot be unpacked");
}

void Archive::read_checked(const Record& record, const Sink& sink) const {
  uLong checksum = crc32(0, nullptr, 0);
  stream(record, [&](std::string_view bytes) {
    checksum = crc32(checksum, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
    sink(bytes);
  });
  if (checksum != record.checksum) fail(record, "does not match its checksum");
}

void Archive::verify(const Record& record) const {
  read_checked(record, [](std::string_view) {});
}

std::string Archive::read(const Record& record) const {
  std::string content;
  content.reserve(record.size);  // a record lies in the file, and expands only so far
  read_checked(record, [&](std::string_view bytes) { content += bytes; });
  return content;
}

void Archive::read(const Record& record, char* into) const {
  read_checked(record, [&](std::string_view bytes) { into = std::copy(bytes.begin(), bytes.end(), into); });
}

}  // namespace whycam::archive
