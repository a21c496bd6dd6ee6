//! Seeds for the fuzz targets, from the replays and the corpus.

use std::{fs, io, path::Path};

use serde_json::Value;

/// Inputs for one fuzz target.
///
/// # Errors
///
/// Where the directories cannot be read.
pub fn seeds(target: &str, exchanges: &Path, badinput: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut seeds = Vec::new();
    for document in documents(exchanges, "json")? {
        for exchange in document.as_array().into_iter().flatten() {
            let body = exchange.pointer("/request/body").filter(|body| body.is_object());
            let path = exchange
                .pointer("/request/path")
                .and_then(Value::as_str)
                .unwrap_or_default();
            collect(target, path, body, &mut seeds);
        }
    }
    for file in files(badinput, "jsonl")? {
        for line in fs::read_to_string(file)?
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        {
            let input = line.get("input").unwrap_or(&Value::Null);
            match input {
                Value::String(text) => collect(target, &format!("filter={text}"), None, &mut seeds),
                Value::Object(object) if object.contains_key("$raw") => {
                    let raw = object.get("$raw").and_then(Value::as_str).unwrap_or_default();
                    seeds.push(raw.as_bytes().to_vec());
                }
                other => collect(target, "/Users", Some(other), &mut seeds),
            }
        }
    }
    seeds.sort();
    seeds.dedup();
    Ok(seeds)
}

/// Whatever of a request a target is interested in.
fn collect(target: &str, path: &str, body: Option<&Value>, seeds: &mut Vec<Vec<u8>>) {
    match target {
        "filter" | "filter_round_trip" => {
            let filter = path.split_once("filter=").map(|(_, filter)| filter);
            let filter = filter.map(|filter| filter.replace('+', " ").replace("%22", "\"").replace("%20", " "));
            seeds.extend(filter.map(String::into_bytes));
        }
        "patch_path" => {
            let operations = body.and_then(|body| body.get("Operations")).and_then(Value::as_array);
            let paths = operations
                .into_iter()
                .flatten()
                .filter_map(|operation| operation.get("path")?.as_str());
            seeds.extend(paths.map(|path| path.as_bytes().to_vec()));
        }
        "request" => {
            let body = body.map(Value::to_string).unwrap_or_default();
            // One method and endpoint for each seed, another for the next: together they cover all.
            let choice = u8::try_from(seeds.len() % 40).unwrap_or_default();
            seeds.push([&[choice], path.as_bytes(), b"\n", body.as_bytes()].concat());
        }
        _ => seeds.extend(body.map(|body| body.to_string().into_bytes())),
    }
}

fn documents(directory: &Path, extension: &str) -> io::Result<Vec<Value>> {
    let mut documents = Vec::new();
    for file in files(directory, extension)? {
        documents.push(serde_json::from_str(&fs::read_to_string(file)?)?);
    }
    Ok(documents)
}

fn files(directory: &Path, extension: &str) -> io::Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
