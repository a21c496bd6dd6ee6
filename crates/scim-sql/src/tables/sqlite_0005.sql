-- How a change was done, '' where that was not recorded, and the external identifier of its resource.
ALTER TABLE scim_change ADD COLUMN method TEXT NOT NULL DEFAULT '';
ALTER TABLE scim_change ADD COLUMN external_id TEXT;
