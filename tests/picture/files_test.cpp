#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "fixtures.h"
#include "whycam/picture/errors.h"

namespace whycam::picture {
namespace {

namespace fs = std::filesystem;

TEST(Files, ReturnsTheBytesThatWereWritten) {
  const TemporaryFolder folder;
  const Bytes bytes{0, 255, 10, 13, 26};
  write_file(folder / "file", bytes);
  EXPECT_EQ(read_file(folder / "file"), bytes);
  write_file(folder / "file", {});
  EXPECT_TRUE(read_file(folder / "file").empty());
  EXPECT_EQ(folder.entry_count(), 1U);
}

TEST(Files, TakesUnicodeSpacesAndTheLongestNames) {
  const TemporaryFolder folder;
  for (const std::string& name : {std::string("Übung ☂ 猫.png"), std::string(" a b "), std::string(255, 'x')}) {
    write_file(folder / name, {1, 2, 3});
    EXPECT_EQ(read_file(folder / name), (Bytes{1, 2, 3})) << name;
  }
}

TEST(Files, WritesToANameInTheWorkingFolder) {
  const TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder / "");
  write_file("plain", {7});
  fs::current_path(before);
  EXPECT_EQ(read_file(folder / "plain"), Bytes{7});
}

TEST(Files, GivesTheUsualPermissions) {
  const TemporaryFolder folder;
  const mode_t before = ::umask(027);
  write_file(folder / "file", {1});
  ::umask(before);
  EXPECT_EQ(fs::status(folder / "file").permissions(), static_cast<fs::perms>(0640));
}

TEST(Files, DoesNotReadWhatIsNoFile) {
  const TemporaryFolder folder;
  const std::string missing = message_of<PictureError>([&] { read_file(folder / "missing"); });
  EXPECT_TRUE(contains(missing, (folder / "missing").string())) << missing;
  EXPECT_TRUE(contains(missing, "no such file") || contains(missing, "No such file")) << missing;
  EXPECT_TRUE(contains(message_of<PictureError>([&] { read_file(folder / ""); }), "folder"));
  EXPECT_TRUE(contains(message_of<PictureError>([&] { read_file("/dev/zero"); }), "not a regular file"));
}

TEST(Files, DoesNotWriteWhereItCannot) {
  const TemporaryFolder folder;
  save(folder / "file", {1});
  for (const fs::path& path : {folder / "missing/file", folder / "file/file", fs::path("/proc/whycam")}) {
    const std::string message = message_of<WriteError>([&] { write_file(path, {2}); });
    EXPECT_TRUE(contains(message, path.string())) << message;
  }
  EXPECT_EQ(folder.entry_count(), 1U);
}

TEST(Files, DoesNotWriteIntoALockedFolder) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write anywhere";
  const TemporaryFolder folder;
  fs::create_directory(folder / "locked");
  fs::permissions(folder / "locked", fs::perms::owner_read | fs::perms::owner_exec);
  const std::string message = message_of<WriteError>([&] { write_file(folder / "locked/file", {2}); });
  EXPECT_TRUE(contains(message, "ermission")) << message;
  fs::permissions(folder / "locked", fs::perms::owner_all);
}

TEST(Files, NeverReplacesAFolderOrADevice) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "sub");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  for (const std::string name : {"sub", "pipe"}) {
    message_of<WriteError>([&] { write_file(folder / name, {2}); });
  }
  EXPECT_TRUE(fs::is_directory(folder / "sub"));
  EXPECT_TRUE(fs::is_fifo(folder / "pipe"));
  EXPECT_EQ(folder.entry_count(), 2U);
}

TEST(Files, AFullDiskLeavesTheOldFileAndNoTemporary) {
  // A limit on the size of files makes write() fail half-way, as a full disk does.
  const TemporaryFolder folder;
  save(folder / "file", {1, 2});
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string message = message_of<WriteError>([&] { write_file(folder / "file", Bytes(5000)); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_TRUE(contains(message, "too large")) << message;
  EXPECT_EQ(read_file(folder / "file"), (Bytes{1, 2}));
  EXPECT_EQ(folder.entry_count(), 1U);
}

}  // namespace
}  // namespace whycam::picture
