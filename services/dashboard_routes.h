// The dashboard as it lies in the program: its pages, and the files they are made of. The folder
// services/dashboard holds the sources; schema/embed.cmake builds what Vite makes of them into the program.
#pragma once

#include <span>

#include "schema/embedded.h"
#include "services/http/router.h"

namespace geleit {

/// `index.html`, `assets/<name>-<hash>.js` …, and beside each what `.gz` and `.br` make of it. Empty in a
/// program that was built without the dashboard.
[[nodiscard]] std::span<const EmbeddedFile> dashboard_files();

/// Adds GET for every page and for `/assets/{file}`. A page is `index.html` whatever its address, to be asked
/// for again by its ETag; an asset is for ever what its name says. Names are compared, no path is opened.
/// `files` outlive the router.
void add_dashboard_routes(http::Router& router, std::span<const EmbeddedFile> files);

}  // namespace geleit
