"""`kikkake test`: test documents beside the resources, judged on the production code path (design, section 7)."""
