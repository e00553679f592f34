#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "cli/failure.h"
#include "live/temporary_directory.h"

namespace pxeproof::cli {

// The article's set-up: memtest86+ over the network with a proxy, pxelinux and one configuration
// file.

// Where the article's configuration has its TFTP root.
inline constexpr std::string_view kArticleRoot = "/var/lib/tftpboot";

// The configuration word for word.
std::string_view article_configuration();

// The same with a line for UEFI machines, which load memtest86+ without a loader.
std::string article_configuration_with_efi();

// Makes the article's tree in a directory: links to the distribution's pxelinux.0 and ldlinux.c32,
// memtest86+ under the article's name and as an EFI image, and pxelinux.cfg/default. The failure
// names the package that is missing.
Outcome<void> make_article_tree(const std::filesystem::path& directory);

// The same in a directory that goes with the object.
Outcome<live::TemporaryDirectory> make_article_directory();

}  // namespace pxeproof::cli
