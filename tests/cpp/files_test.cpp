// Files from C++: checkpoints, safetensors, NumPy's arrays; what Python's tests cannot see of them.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gradus/core/alloc.h"
#include "gradus/gradus.h"
#include "gradus/io/checkpoint_format.h"
#include "gradus/io/crc32.h"
#include "gradus/io/inflate.h"
#include "gradus/io/little_endian.h"
#include "gradus/io/pickle.h"
#include "gradus/io/unpickle.h"
#include "gradus/io/zip.h"

namespace gradus {
namespace {

namespace fs = std::filesystem;

// A folder that goes away with the test.
struct Folder {
  Folder() {
    char name[] = "/tmp/gradus-files-XXXXXX";
    path = mkdtemp(name);
  }
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const char* name) const { return (path / name).string(); }
  fs::path path;
};

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void write(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& error) { return error.what(); }
  return "no error";
}

TEST(Files, CheckpointsHoldNestedValues) {
  Folder folder;
  const Tensor x = arange(6, kFloat32).reshape({2, 3});
  const Object saved = dict({{"x", x},
                             {"view", x.t()},
                             {"number", 3},
                             {"large", -(1L << 40)},
                             {"real", 2.5},
                             {"flag", true},
                             {"text", "ä"},
                             {"none", {}},
                             {"dtype", kBFloat16},
                             {"list", list({1, "two", tuple({x[1], 3.0})})}});
  save(saved, folder / "x.pt");
  const Object o = load(folder / "x.pt");
  EXPECT_EQ(o.size(), 10);
  EXPECT_TRUE(equal(o["x"].tensor(), x));
  EXPECT_EQ(o["view"].tensor().strides(), IntList({1, 3}));
  EXPECT_EQ(o["number"].to_int(), 3);
  EXPECT_EQ(o["large"].to_int(), -(1L << 40));
  EXPECT_EQ(o["real"].to_double(), 2.5);
  EXPECT_TRUE(o["flag"].to_bool());
  EXPECT_EQ(o["text"].text(), "ä");
  EXPECT_TRUE(o["none"].is_none());
  EXPECT_EQ(o["dtype"].dtype(), kBFloat16);
  EXPECT_EQ(o["list"][-1][1].to_double(), 3.0);
  o["x"].tensor().zero_();  // one memory, as it was saved
  EXPECT_EQ(o["view"].tensor().sum().item<float>(), 0);
  EXPECT_EQ(o["list"][2][0].tensor().sum().item<float>(), 0);
}

TEST(Files, WrongUseOfObjectsSaysWhatIsThere) {
  const Object o = dict({{"a", 1}, {"b", list({1.5})}});
  EXPECT_EQ(message_of([&] { o["c"]; }), "no key 'c' among 'a', 'b'");
  EXPECT_EQ(message_of([&] { o["a"].tensor(); }), "expected a Tensor, but the value is a int");
  EXPECT_EQ(message_of([&] { o["a"]["x"]; }), "expected a dict, but the value is a int");
  EXPECT_EQ(message_of([&] { o["b"][1]; }), "index 1 is out of range for 1 items");
  EXPECT_EQ(message_of([&] { o["b"][0].to_int(); }), "expected an int, but the value is a float");
  EXPECT_EQ(message_of([&] { o.named_tensors(); }), "expected a Tensor, but the value is a int");
}

struct Net {
  nn::Linear first{3, 4}, second{4, 2};
  Tensor operator()(const Tensor& x) const { return second(first(x).tanh()); }
};

template <class O>
void steps(Net& net, O& optimizer, int n) {
  for (int i = 0; i < n; ++i) {
    optimizer.zero_grad();
    net(linspace(-1, 1, 12).reshape({4, 3})).square().sum().backward();
    optimizer.step();
  }
}

TEST(Files, TrainingGoesOnFromACheckpoint) {
  Folder folder;
  manual_seed(1);
  Net net, other;
  optim::Adam optimizer(nn::parameters(net), {.lr = 0.05, .amsgrad = true});
  steps(net, optimizer, 3);
  save(dict({{"model", nn::state_dict(net)}, {"optimizer", optimizer.state_dict()}, {"epoch", 3}}), folder / "x.pt");
  steps(net, optimizer, 3);

  const Object checkpoint = load(folder / "x.pt", {.mmap = true});
  EXPECT_EQ(checkpoint["epoch"].to_int(), 3);
  nn::load_state_dict(other, checkpoint["model"].named_tensors());
  optim::Adam again(nn::parameters(other), {.lr = 1});
  again.load_state_dict(checkpoint["optimizer"].optimizer_state());
  EXPECT_EQ(again.lr(), 0.05);
  steps(other, again, 3);
  EXPECT_TRUE(equal(other.first.weight, net.first.weight));
  EXPECT_TRUE(equal(other.second.bias, net.second.bias));
}

TEST(Files, ParametersStayParameters) {
  Folder folder;
  save(Tensors{nn::parameter(ones({2})), nn::parameter(ones({2}), false), ones({2}).requires_grad_()}, folder / "x.pt");
  const Tensors back = load(folder / "x.pt").tensors();
  EXPECT_TRUE(back[0].impl()->has(TensorImpl::kParameter) && back[0].requires_grad());
  EXPECT_TRUE(back[1].impl()->has(TensorImpl::kParameter) && !back[1].requires_grad());
  EXPECT_TRUE(!back[2].impl()->has(TensorImpl::kParameter) && back[2].requires_grad() && back[2].is_leaf());
}

TEST(Files, NothingIsLeftBehind) {
  Folder folder;
  save(Tensors{arange(1000), ones({3})}, folder / "x.pt");
  write(folder / "bad.pt", contents(folder / "x.pt").substr(0, 3000));
  const Census before = census();
  for (bool mmap : {false, true}) {
    load(folder / "x.pt", {.mmap = mmap});
    EXPECT_THROW(load(folder / "bad.pt", {.mmap = mmap}), Error);
  }
  EXPECT_EQ(census().storages, before.storages);
  EXPECT_EQ(census().tensors, before.tensors);
}

TEST(Files, CirclesAreRefusedFromCpp) {
  const auto read = [](std::string_view pickle) {
    struct : io::Surroundings {
    } nothing;
    io::Unpickler unpickler(pickle, nothing);
    const Object value = unpickler.load();
    unpickler.keep(value);
    return value;
  };
  EXPECT_EQ(message_of([&] {
              read(
                  "]q\x01h\x01"
                  "a.");
            }),
            "the file holds a container that contains itself");
  EXPECT_EQ(message_of([&] {
              read(
                  "}q\x01K\x05]h\x01"
                  "as.");
            }),
            "the file holds a container that contains itself");
  EXPECT_EQ(read("]q\x01(]q\x02h\x02h\x02"
                 "e.")
                .size(),
            3);  // the same list three times is no circle
  EXPECT_EQ(message_of([&] { read(std::string(2000, ']') + std::string(1999, 'a') + "."); }),
            "the file's values are nested too deeply");
  EXPECT_EQ(read("]2a]"
                 ".")
                .size(),
            0);  // a circle that nobody wants goes away
  // Each level holds the one before twice: 2^60 paths, seen once each.
  std::string doubled = "]q\x01";
  for (int i = 0; i < 60; ++i) doubled += "0h\x01h\x01\x86q\x01";
  EXPECT_EQ(read(doubled + ".").size(), 2);
}

TEST(Files, HostilePicklesEndInOneError) {
  const auto refused = [](std::string_view pickle) {
    struct : io::Surroundings {
    } nothing;
    try {
      io::Unpickler(pickle, nothing).load();
    } catch (const io::FileError&) { return true; }
    return false;
  };
  const std::string_view cases[] = {"",
                                    ".",
                                    "a.",
                                    "]a.",
                                    "(.",
                                    "t.",
                                    "\x85.",
                                    "\x86.",
                                    "h\x05.",
                                    "(K\x01u",
                                    "}(K\x01u.",
                                    "K\x01K\x02"
                                    "a.",
                                    "K\x01R.",
                                    ")R.",
                                    "NN\x81.",
                                    "N)R.",
                                    "NQ.",
                                    "]b.",
                                    "}Nb.",
                                    "X\xff\xff\xff\xff.",
                                    "\x8d\xff\xff\xff\xff\xff\xff\xff\xff.",
                                    "\x8b\xff\xff\xff\xff.",
                                    "cos\nsystem\n.",
                                    "c__builtin__\neval\n.",
                                    "ctorch\nload\n.",
                                    "ctorch",
                                    "\xff.",
                                    "(0.",
                                    "2.",
                                    "q\x01.",
                                    "r\x01\x02",
                                    "G1234567.",
                                    "\x93.",
                                    "NN\x93.",
                                    "c\n\n."};
  for (std::string_view pickle : cases) EXPECT_TRUE(refused(pickle)) << pickle;
}

TEST(Files, ReplacementIsWhole) {
  Folder folder;
  const std::string path = folder / "x.pt";
  save("old", path);
  const std::string before = contents(path);
  {
    io::FileSink sink(path);
    sink.write("half of a file");
  }
  EXPECT_EQ(contents(path), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path), {}), 1);
  EXPECT_EQ(message_of([&] { save(1, folder / "missing/x.pt"); }),
            "Parent directory " + (folder / "missing") + " does not exist.");
  EXPECT_EQ(message_of([&] { load(folder / "no.pt"); }), "No such file or directory: '" + (folder / "no.pt") + "'");
}

TEST(Files, ZipDirectoriesAreNotBelieved) {
  Folder folder;
  save(Tensors{arange(100), arange(50)}, folder / "x.pt");
  const std::string good = contents(folder / "x.pt");
  const io::ZipReader zip(good);
  EXPECT_EQ(zip.records().size(), 8u);
  const size_t directory = good.rfind("PK\x05\x06");
  const auto patched = [&](size_t at, std::string_view bytes) {
    std::string bad = good;
    bad.replace(at, bytes.size(), bytes);
    return message_of([&] { io::ZipReader{bad}; });
  };
  const size_t first = good.find("PK\x01\x02"), second = good.find("PK\x01\x02", first + 4);
  EXPECT_NE(patched(first, "PK\x01\x03"), "no error");
  EXPECT_NE(patched(first + 42, std::string_view("\xff\xff\x00\x00", 4)), "no error");  // header beyond the data
  EXPECT_NE(patched(second + 42, std::string_view("\0\0\0\0", 4)), "no error");         // both at one place
  EXPECT_NE(patched(first + 20, std::string_view("\xff\xff\xff\x7f\xff\xff\xff\x7f", 8)), "no error");
  EXPECT_NE(patched(first + 20, std::string_view("\x01\0\0\0", 4)), "no error");  // stored, but of two sizes
  EXPECT_NE(patched(first + 8, "\x09\x08"), "no error");                          // encrypted
  EXPECT_NE(patched(first + 10, std::string_view("\x0c\0", 2)), "no error");      // an unknown method
  EXPECT_NE(patched(directory - 20 + 8, "\xff\xff\xff\xff"), "no error");
  EXPECT_EQ(patched(directory + 20, std::string_view("\0\0", 2)), "no error");
}

TEST(Files, ZipsBeyondFourGigabytes) {
  // The archive is written to a sink that only counts: nothing of that size is kept.
  struct Counter final : io::Sink {
    using io::Sink::write;
    void write(const void* data, size_t size) override {
      if (size < 1000) tail.append(static_cast<const char*>(data), size);
      total += size;
    }
    std::string tail;
    uint64_t total = 0;
  } sink;
  io::ZipWriter zip(sink);
  const std::string block(1 << 20, 'x');
  std::vector<std::string_view> pieces(4097, block);
  zip.add("large", pieces);
  zip.add("behind", "y");
  zip.finish();
  const uint64_t large = uint64_t{4097} << 20;
  const size_t central = sink.tail.find("PK\x01\x02");
  EXPECT_EQ(io::load_le<uint32_t>(sink.tail.data() + central + 24), 0xFFFFFFFFu);
  EXPECT_EQ(io::load_le<uint64_t>(sink.tail.data() + central + 46 + 5 + 4), large);
  const size_t behind = sink.tail.find("PK\x01\x02", central + 4);
  EXPECT_EQ(io::load_le<uint32_t>(sink.tail.data() + behind + 42), 0xFFFFFFFFu);
  EXPECT_GT(io::load_le<uint64_t>(sink.tail.data() + behind + 46 + 6 + 4), large);
}

TEST(Files, ChecksumsAgreeWithTheDefinition) {
  std::string data;
  for (int i = 0; i < 3000; ++i) data += static_cast<char>(i * i * 7 + i / 5);
  for (size_t n : {0, 1, 15, 16, 63, 64, 65, 127, 128, 200, 1000, 2999}) {
    for (size_t at : {0, 1, 3}) {
      uint32_t c = 0xFFFFFFFF;
      for (size_t i = at; i < n; ++i) {
        c ^= static_cast<unsigned char>(data[i]);
        for (int k = 0; k < 8; ++k) c = c & 1 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
      }
      const size_t size = n > at ? n - at : 0;
      EXPECT_EQ(io::crc32(0, data.data() + at, size), ~c) << n;
      std::string copy(size, 0);
      EXPECT_EQ(io::copy_crc32(0, copy.data(), data.data() + at, size), ~c);
      EXPECT_EQ(copy, data.substr(at, size));
      EXPECT_EQ(io::crc32(io::crc32(0, data.data() + at, size / 3), data.data() + at + size / 3, size - size / 3), ~c);
    }
  }
  EXPECT_EQ(io::crc32(0, "123456789", 9), 0xCBF43926u);
}

TEST(Files, InflateKeepsItsPromises) {
  const std::string_view stored(
      "\x01\x03\x00\xfc\xff"
      "abc",
      8),
      fixed("\x4b\x4c\x4a\x06\x00", 5);  // "abc", both ways
  char out[16];
  for (std::string_view data : {stored, fixed}) {
    EXPECT_TRUE(io::inflate(data, out, 3));
    EXPECT_EQ(std::string(out, 3), "abc");
    EXPECT_FALSE(io::inflate(data, out, 2));
    EXPECT_FALSE(io::inflate(data, out, 4));
    for (size_t n = 0; n < data.size() - 1; ++n) EXPECT_FALSE(io::inflate(data.substr(0, n), out, 3));
  }
  EXPECT_FALSE(io::inflate("\x07", out, 3));              // an unknown kind of block
  EXPECT_FALSE(io::inflate("\x4b\x04\x02\x00", out, 3));  // a distance beyond what is there
}

TEST(Files, SafetensorsBothWays) {
  Folder folder;
  const nn::NamedTensors tensors{
      {"b", arange(6, kFloat32).reshape({2, 3})}, {"a", ones({4}, kBFloat16)}, {"c", zeros({0, 3})}};
  save_safetensors(tensors, folder / "x", {{"format", "pt"}, {"note", "\"ä\"\n"}});
  const Safetensors back = load_safetensors(folder / "x");
  ASSERT_EQ(back.tensors.size(), 3u);
  EXPECT_EQ(back.metadata[1].value, "\"ä\"\n");
  for (const nn::NamedTensor& t : back.tensors)
    for (const nn::NamedTensor& expected : tensors)
      if (t.name == expected.name) {
        EXPECT_TRUE(equal(t.tensor, expected.tensor)) << t.name;
        EXPECT_EQ(t.tensor.sizes(), expected.tensor.sizes());
      }
  EXPECT_THROW(save_safetensors({{"x", ones({2})}, {"x", ones({3})}}, folder / "y"), Error);
  EXPECT_FALSE(fs::exists(folder / "y"));
}

TEST(Files, NumpyBothWays) {
  Folder folder;
  for (DType dtype : {kBool, kUInt8, kInt8, kInt16, kInt32, kInt64, kFloat16, kBFloat16, kFloat32, kFloat64}) {
    const Tensor x = arange(6).reshape({2, 3}).to(dtype);
    save_npy(x.t(), folder / "x.npy");
    const Tensor back = load_npy(folder / "x.npy");
    EXPECT_EQ(back.dtype(), dtype);
    EXPECT_TRUE(equal(back, x.t()));
    save_npz({{"first", x}, {"second", x[0][0]}}, folder / "x.npz");
    const nn::NamedTensors all = load_npz(folder / "x.npz");
    EXPECT_EQ(all[1].name, "second");
    EXPECT_EQ(all[1].tensor.dim(), 0);
    EXPECT_TRUE(equal(all[0].tensor, x));
  }
  EXPECT_THROW(save_npz({{"x", ones({2})}, {"x", ones({3})}}, folder / "y.npz"), Error);
}

}  // namespace
}  // namespace gradus
