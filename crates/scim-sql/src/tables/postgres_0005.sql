-- How a change was done, '' where that was not recorded, and the external identifier of its resource. {s} is the schema with its dot.
ALTER TABLE {s}scim_change ADD COLUMN method TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE {s}scim_change ADD COLUMN external_id TEXT COLLATE "C";
