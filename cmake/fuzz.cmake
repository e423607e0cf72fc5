# Fuzzers of the readers of files: fuzz_pt, fuzz_safetensors, fuzz_npy. With Clang they are libFuzzer's, else programs
# with a mutator of their own. tests/fuzz/run.sh builds them with sanitizers and runs them.
foreach(case pt safetensors npy)
  add_executable(fuzz_${case} ${PROJECT_SOURCE_DIR}/tests/fuzz/main.cpp ${GRADUS_FUZZ_SOURCES})
  target_link_libraries(fuzz_${case} PRIVATE Gradus::gradus)
  target_compile_definitions(fuzz_${case} PRIVATE GRADUS_FUZZ_CASE="${case}")
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    target_compile_definitions(fuzz_${case} PRIVATE GRADUS_LIBFUZZER)
    target_compile_options(fuzz_${case} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${case} PRIVATE -fsanitize=fuzzer)
  endif()
endforeach()
