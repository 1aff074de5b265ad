//! What a CronJob's `schedule` may say: five fields, or a macro.

/// Why `text` is no schedule; in the words of upstream's parser.
pub(super) fn check(text: &str) -> Result<(), String> {
    if let Some(name) = text.strip_prefix('@') {
        return match name {
            "yearly" | "annually" | "monthly" | "weekly" | "daily" | "midnight" | "hourly" => Ok(()),
            _ if every(name).is_some() => Ok(()),
            _ => Err(format!("unrecognized descriptor: {text}")),
        };
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.is_empty() {
        return Err("empty spec string".to_owned());
    }
    if fields.len() != 5 {
        return Err(format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" ")));
    }
    let bounds: [(i64, i64, &[&str]); 5] = [
        (0, 59, &[]),
        (0, 23, &[]),
        (1, 31, &[]),
        (1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        (0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ];
    fields
        .iter()
        .zip(bounds)
        .try_for_each(|(field, (least, most, names))| field.split(',').try_for_each(|part| range(part, least, most, names)))
}

/// `every 1h30m`
fn every(text: &str) -> Option<()> {
    let duration = text.strip_prefix("every ")?;
    let units = |c: char| matches!(c, 'h' | 'm' | 's');
    let whole = duration.split_inclusive(units).all(|part| {
        let number = part.trim_end_matches(units);
        number.len() < part.len() && number.parse::<f64>().is_ok()
    });
    (whole && !duration.is_empty()).then_some(())
}

fn range(part: &str, least: i64, most: i64, names: &[&str]) -> Result<(), String> {
    let number = |text: &str| {
        let named = names.iter().position(|name| text.eq_ignore_ascii_case(name));
        // months count from 1, days of the week from 0
        let named = named.map(|at| at as i64 + least);
        named
            .or_else(|| text.parse().ok())
            .ok_or_else(|| format!("failed to parse int from {text}: strconv.Atoi: parsing \"{text}\": invalid syntax"))
    };
    let (span, step) = match part.split_once('/') {
        Some((span, step)) => (span, number(step)?),
        None => (part, 1),
    };
    let (from, to) = match span.split_once('-') {
        _ if span == "*" || span == "?" => (least, most),
        Some((from, to)) => (number(from)?, number(to)?),
        None if part.contains('/') => (number(span)?, most),
        None => (number(span)?, number(span)?),
    };
    if from < least {
        return Err(format!("beginning of range ({from}) below minimum ({least}): {part}"));
    }
    if to > most {
        return Err(format!("end of range ({to}) above maximum ({most}): {part}"));
    }
    if from > to {
        return Err(format!("beginning of range ({from}) beyond end of range ({to}): {part}"));
    }
    if step <= 0 {
        return Err(format!("step of range should be a positive number: {part}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules() {
        for good in ["* * * * *", "*/5 0-6 1,15 jan-mar MON", "@daily", "@every 1h30m", "0 0 ? * 0"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
            ("61 * * * *", "end of range (61) above maximum (59): 61"),
            ("@never", "unrecognized descriptor: @never"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            ("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"),
        ] {
            assert_eq!(check(bad).unwrap_err(), why, "{bad}");
        }
    }
}
