//! Every sentence of an organization's own page, in each language.

use crate::partner::Language;

/// The sentences of one language.
pub struct OfficeWords {
    pub title: &'static str,
    pub ask_pin: &'static str,
    pub pin_hint: &'static str,
    pub open_button: &'static str,
    pub waiting: &'static str,
    pub none: &'static str,
    pub name: &'static str,
    pub since: &'static str,
    pub read: &'static str,
    pub more: &'static str,
    pub sheet: &'static str,
    pub download_hint: &'static str,
    pub download: &'static str,
    pub download_all: &'static str,
    pub upload_title: &'static str,
    pub upload_hint: &'static str,
    pub file: &'static str,
    pub upload: &'static str,
    pub report: &'static str,
    pub counts: fn(usize, usize, usize) -> String,
    pub not_read: fn(&str) -> String,
    pub row: &'static str,
    pub became: &'static str,
    pub column: &'static str,
    pub to_do: &'static str,
    pub taken: &'static str,
    pub wrong: &'static str,
    pub all_fine: &'static str,
    pub cut: &'static str,
    pub back: &'static str,
    pub no_file: &'static str,
    pub no_table: &'static str,
    pub too_many: &'static str,
    /// What to do about a kind of problem, where it is not said in English.
    pub problem: fn(&str) -> Option<&'static str>,
}

impl OfficeWords {
    /// Those of a language.
    pub fn of(language: Language) -> &'static OfficeWords {
        match language {
            Language::En => &EN,
            Language::Es => &ES,
        }
    }
}

static EN: OfficeWords = OfficeWords {
    title: "Your referrals",
    ask_pin: "Your organization's PIN opens the list.",
    pin_hint: "This device remembers it for some hours.",
    open_button: "Open the list",
    waiting: "Open referrals",
    none: "No referral is open.",
    name: "Name",
    since: "Since",
    read: "Read and answer",
    more: "There are more. The spreadsheet has all of them.",
    sheet: "As a spreadsheet",
    download_hint: "The file holds what you may see of each referral. Keep it as safe as paper about the people in it.",
    download: "Download the open referrals",
    download_all: "Download all referrals",
    upload_title: "Upload your answers",
    upload_hint: "Fill in the columns from Status on, save the file as CSV, and upload it. Uploading it again changes nothing.",
    file: "CSV file",
    upload: "Upload the file",
    report: "What became of your file",
    counts: |taken, unchanged, wrong| {
        format!("Taken: {taken}. Already so: {unchanged}. To put right: {wrong}.")
    },
    not_read: |columns| format!("Nothing was read from these columns: {columns}."),
    row: "Row",
    became: "Result",
    column: "Column",
    to_do: "What to do",
    taken: "taken",
    wrong: "to put right",
    all_fine: "Nothing is to be put right.",
    cut: "Only the first rows are shown.",
    back: "Back to the list",
    no_file: "Please choose a file first.",
    no_table: "This file cannot be read. Please save it as CSV and upload that.",
    too_many: "The file is too long. Please upload it in parts.",
    problem: |_| None,
};

static ES: OfficeWords = OfficeWords {
    title: "Sus referencias",
    ask_pin: "El PIN de su organización abre la lista.",
    pin_hint: "Este dispositivo lo recuerda durante unas horas.",
    open_button: "Abrir la lista",
    waiting: "Referencias abiertas",
    none: "No hay ninguna referencia abierta.",
    name: "Nombre",
    since: "Desde",
    read: "Leer y responder",
    more: "Hay más. La hoja de cálculo las tiene todas.",
    sheet: "Como hoja de cálculo",
    download_hint: "El archivo contiene lo que usted puede ver de cada referencia. Guárdelo con el mismo cuidado que un papel sobre esas personas.",
    download: "Descargar las referencias abiertas",
    download_all: "Descargar todas las referencias",
    upload_title: "Subir sus respuestas",
    upload_hint: "Llene las columnas a partir de Status, guarde el archivo como CSV y súbalo. Subirlo otra vez no cambia nada.",
    file: "Archivo CSV",
    upload: "Subir el archivo",
    report: "Qué pasó con su archivo",
    counts: |taken, unchanged, wrong| {
        format!("Registradas: {taken}. Ya estaban así: {unchanged}. Por corregir: {wrong}.")
    },
    not_read: |columns| format!("No se leyó nada de estas columnas: {columns}."),
    row: "Fila",
    became: "Resultado",
    column: "Columna",
    to_do: "Qué hacer",
    taken: "registrada",
    wrong: "por corregir",
    all_fine: "No hay nada que corregir.",
    cut: "Solo se muestran las primeras filas.",
    back: "Volver a la lista",
    no_file: "Primero elija un archivo.",
    no_table: "Este archivo no se puede leer. Guárdelo como CSV y suba ese archivo.",
    too_many: "El archivo es demasiado largo. Súbalo por partes.",
    problem: |code| {
        Some(match code {
            "changed" => {
                "Cambió después de que se hizo este archivo, y no se hizo nada. Descárguelo otra vez y responda ahí."
            }
            "not-there" => {
                "No existe esa referencia para ustedes. Quizás fue retirada; quite la fila."
            }
            "no-referral" | "no-version" => {
                "Deje la referencia y la versión de la fila como se descargaron."
            }
            "no-such-answer" => {
                "Escriba accepted, declined, in-progress, on-hold, served, not-served, give-back, no-show, appointment-cancelled, goes-on o take-back."
            }
            "no-such-reason" => {
                "Escriba un código como no-capacity, not-eligible u other; las palabras tienen su propia columna."
            }
            "no-such-attempt" => {
                "Escriba phone, text, email, visit o letter, una coma, y reached o not reached."
            }
            "not-a-day" | "no-such-time" => "Dé otro día u otra hora; el día como 2026-11-27.",
            "not-a-time" => "Dé la hora como 16:00 o 4:00 PM.",
            "not-a-code" => "Escriba sistema|código, o deje la celda vacía.",
            "too-long" => "Use menos palabras.",
            "missing" => "Esta celda hace falta.",
            "reason-alone" => {
                "Un motivo va con declined, on-hold, not-served, give-back o goes-on, y queda como se dijo."
            }
            "service-alone" => "Escriba served, si se dio el servicio.",
            "contradicts" => "Una referencia rechazada no tiene cita.",
            "not-open" => "Esto no se puede decir de ella tal como está ahora. Vea su estado.",
            "try-again" => "No se pudo registrar ahora. Suba el archivo otra vez.",
            _ => return None,
        })
    },
};
