# C++ tests: every tests/cpp/*_test.cpp is a part of one binary.
find_package(GTest REQUIRED)
include(GoogleTest)
file(GLOB GRADUS_TEST_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/cpp/*_test.cpp)
if(GRADUS_TEST_SOURCES)
  add_executable(gradus_tests ${GRADUS_TEST_SOURCES} ${GRADUS_FUZZ_SOURCES})
  target_link_libraries(gradus_tests PRIVATE Gradus::gradus GTest::gtest_main)
  target_compile_options(gradus_tests PRIVATE -Wall -ffp-contract=off)
  add_test(NAME gradus_tests COMMAND gradus_tests)
endif()

# An outside project, built against an installation of this build (without sanitizers: it has its own flags).
if(NOT GRADUS_SANITIZE)
  add_test(NAME outside_project
    COMMAND ${CMAKE_COMMAND} -DBUILD=${PROJECT_BINARY_DIR} -DCOMPILER=${CMAKE_CXX_COMPILER}
      -P ${PROJECT_SOURCE_DIR}/tests/outside/run.cmake)
endif()
