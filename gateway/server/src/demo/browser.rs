//! A volunteer's browser, as the demo plays it: no certificate, no script, one cookie.

use anyhow::{Context, ensure};
use reqwest::redirect::Policy;
use reqwest::{Client, Method};

/// The browser.
pub struct Browser {
    client: Client,
    cookie: Option<String>,
}

impl Browser {
    pub fn new(tls: rustls::ClientConfig) -> anyhow::Result<Browser> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .redirect(Policy::none())
            .no_proxy()
            .timeout(super::CALL)
            .build()?;
        Ok(Browser { client, cookie: None })
    }

    /// Opens a page.
    pub async fn open(&self, link: &str) -> anyhow::Result<String> {
        let (status, page, _) = self.call(Method::GET, link, "").await?;
        ensure!(status == 200, "the page answered {status}");
        Ok(page)
    }

    /// Gives the organization's PIN.
    pub async fn give(&mut self, link: &str, pin: &str) -> anyhow::Result<()> {
        let (status, _, cookie) =
            self.call(Method::POST, &format!("{link}/pin"), &format!("pin={pin}")).await?;
        ensure!(status == 303, "the PIN was answered {status}");
        self.cookie = cookie;
        Ok(())
    }

    /// Presses a button of the page.
    pub async fn press(&self, link: &str, act: &str, fields: &str) -> anyhow::Result<()> {
        let page = self.open(link).await?;
        let (_, rest) = page.split_once("name=\"version\" value=\"").context("no form")?;
        let version = rest.split('"').next().unwrap_or_default();
        let form = format!("version={version}&{fields}");
        let (status, _, _) = self.call(Method::POST, &format!("{link}/{act}"), &form).await?;
        ensure!(status == 303, "{act} was answered {status}");
        Ok(())
    }

    async fn call(
        &self,
        method: Method,
        url: &str,
        form: &str,
    ) -> anyhow::Result<(u16, String, Option<String>)> {
        let mut request = self.client.request(method, url).body(form.to_owned());
        request = request.header("content-type", "application/x-www-form-urlencoded");
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let response = request.send().await.context("the page does not open")?;
        let status = response.status().as_u16();
        let set = response.headers().get("set-cookie").and_then(|value| value.to_str().ok());
        let cookie = set.and_then(|set| set.split(';').next()).map(str::to_owned);
        Ok((status, response.text().await?, cookie))
    }
}
