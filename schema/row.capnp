# Rows of the tables and the stored case: what projectors write. A changed meaning gets a new table version
# (projections/tables.h), so old rows need not be read by new code; fields are still only added.
@0xb7d7a4f1e2c05a11;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("geleit::schema");
